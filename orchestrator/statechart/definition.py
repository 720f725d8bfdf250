"""What a chart is: frozen values in document order, with no behaviour of their own.

A `Chart` is the normalised form which every other part reads (the interpreter, the diagrams, the designer): states lie
flat in one mapping in document order, and everything that can move an instance (`on`, `after`, `always`, `onDone`, an
activity's result) is a `Transition` with an event name, so the SCXML algorithm needs no special cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

StateType = Literal["atomic", "compound", "parallel", "final", "history"]
Binding = Literal["early", "late"]
HistoryType = Literal["shallow", "deep"]
TransitionKind = Literal["on", "after", "always", "done", "activity-done", "activity-error"]
FailurePolicy = Literal["fail", "skip", "compensate", "escalate", "catch"]


@dataclass(frozen=True, slots=True)
class Assign:
    """Set `context.<to>` (a path such as `order.lines[0].price`) to the value of a CEL expression."""

    to: str
    expr: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Put an event on the internal queue; its name and the texts of `data` may hold `${CEL}`."""

    event: str
    data: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """Send an event to `target` (None: this instance), after `delay` (ISO 8601 or `${CEL}`) when given.

    `id` lets `cancel` stop it; `id_to` names the context key which receives the id, given or made. Every text may hold
    `${CEL}`. Targets are those of SCXML 6.2.4: `#_internal`, `#_parent`, `#_<invoke id>`, `#_scxml_<session>`.
    """

    event: str
    data: JSON = field(default_factory=dict)
    delay: str | None = None
    id: str | None = None
    target: str | None = None
    id_to: str | None = None


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish an event to a topic, where other machines and brokers hear it; every text may hold `${CEL}`.

    Events of one key keep their order; without a key it is that of the instance.
    """

    event: str
    topic: str
    data: JSON = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the delayed event that was sent under this id, which may hold `${CEL}`."""

    send_id: str


@dataclass(frozen=True, slots=True)
class Log:
    """Write the value of a CEL expression into the journal, after a label where there is one."""

    expr: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undo completed activities of this instance, last first; `done.compensate` follows when all are undone."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a `choose`: its actions run when the guard is true, or when there is none."""

    guard: str | None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Choose:
    """Run the first branch whose guard holds (SCXML 4.3: if, elseif, else)."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class ForEach:
    """Run the actions for every item of a list, which `item` and `index` name in the context (SCXML 4.6)."""

    items: str  # a CEL expression
    item: str
    index: str | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Actions whose failure ends this block alone; what follows it still runs (SCXML 3.8: several onentry)."""

    actions: tuple[Action, ...] = ()


Action = Assign | Raise | Send | Emit | Cancel | Log | Compensate | Choose | ForEach | Block


@dataclass(frozen=True, slots=True)
class Initial:
    """Where a chart or a compound state begins, and what is done on the way (SCXML 3.6)."""

    targets: tuple[str, ...]
    actions: tuple[Action, ...] = ()

    @property
    def first(self) -> str:
        return self.targets[0]


@dataclass(frozen=True, slots=True)
class Transition:
    """One way out of a state.

    `ref` is its stable address in the document, e.g. `review/on/0` or `charge/invoke/0/onDone/0`.
    `events` are descriptors (`a`, `a.*`, `*`); empty means eventless. `delay` is set for kind `after` only, whose
    single event is `after.<ref>`. No targets means a targetless transition: actions run and no state is left.
    """

    ref: str
    source: str
    kind: TransitionKind
    events: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    guard: str | None = None
    actions: tuple[Action, ...] = ()
    internal: bool = False
    delay: str | None = None
    meta: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed activity is tried again: exponential backoff with full jitter. Durations are ISO 8601."""

    max_attempts: int = 1
    interval: str = "PT1S"
    backoff: float = 2.0
    max_interval: str = "PT1H"
    jitter: bool = True
    errors: tuple[str, ...] = ()  # error classes to retry; empty means all but permanent ones


@dataclass(frozen=True, slots=True)
class Compensation:
    """The activity that undoes a completed one; its input may also read `${result}` of what it undoes."""

    kind: str
    title: str
    input: Mapping[str, JSON] = field(default_factory=dict)
    timeout: str = "PT30S"
    retry: Retry = Retry(max_attempts=5)


@dataclass(frozen=True, slots=True)
class FanOut:
    """Do an activity once for each item of a list; its templates then also read `item` and `index`.

    The result is the list of results in the order of the items, null where one failed. The activity fails when more
    than `tolerated_failures` items did.
    """

    items: str  # a CEL expression
    max_concurrency: int = 10
    tolerated_failures: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """A side effect started on entry of its state and cancelled on its exit.

    `id` is unique in the chart; its result arrives as `done.invoke.<id>` or `error.invoke.<id>`. Values of `input` may
    hold `${CEL}`. `result` names the context key which receives the result. `on_failure` decides what happens when the
    attempts are used up; with `catch` the state has a transition of kind `activity-error`.

    Of kind `chart` it is a child instance (SCXML 6.4): of `chart` when given, or else of what `input.src` names, with
    `input.context` over its context. `finalize` runs before an event of the child is taken in; with `autoforward` the
    child hears every external event. `id_to` names the context key which receives the id.
    """

    ref: str
    id: str
    kind: str
    title: str
    input: Mapping[str, JSON] = field(default_factory=dict)
    result: str | None = None
    timeout: str = "PT30S"
    retry: Retry = Retry()
    on_failure: FailurePolicy = "fail"
    compensation: Compensation | None = None
    idempotency_key: str | None = None
    map: FanOut | None = None
    chart: Chart | None = None
    finalize: tuple[Action, ...] = ()
    autoforward: bool = False
    id_to: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a state which is a DAG of activities: it starts when the tasks named in `after` are done.

    Its activity is the one of the state `<state>.<name>.running`, which the parser made for it.
    """

    name: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many tasks of one state may run together (None: all), and how many may fail before the instance does."""

    max_concurrency: int | None = None
    tolerated_failures: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """A problem code that does not matter in this chart (or at `path` and below it), and why."""

    code: str
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A state; `transitions` holds every way out in document order: on, after, always, onDone, then activities'.

    `context` are further context values, set when the instance starts or, with late binding, when the state is first
    entered. `output` of a final state is the data of the `done.state` event, with `${CEL}` in its texts. A state with
    `tasks` is parallel, and its children were made from them within `limits`. `owner` is whom an escalation calls.
    """

    id: str
    type: StateType
    title: str
    parent: str | None = None
    children: tuple[str, ...] = ()
    initial: Initial | None = None
    history: HistoryType | None = None
    entry: tuple[Action, ...] = ()
    exit: tuple[Action, ...] = ()
    transitions: tuple[Transition, ...] = ()
    activities: tuple[Activity, ...] = ()
    expected_within: str | None = None
    context: Mapping[str, JSON] = field(default_factory=dict)
    output: JSON = None
    tasks: tuple[Task, ...] = ()
    limits: Limits = Limits()
    owner: str = ""
    description: str = ""
    meta: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole statechart; `states` is flat and in document order, `roots` are the top-level states.

    The texts of `context` may hold `${CEL}`, worked out when an instance starts; `context_schema` is a JSON Schema of
    the context. `silenced` are the problems that its designer takes responsibility for.
    `derived` keeps what others work out from this very chart; a cache with charts as keys would compare whole charts,
    and the drafts of one machine are alike.
    """

    id: str
    title: str
    initial: Initial | None
    states: Mapping[str, State]
    roots: tuple[str, ...]
    context: Mapping[str, JSON] = field(default_factory=dict)
    context_schema: Mapping[str, JSON] = field(default_factory=dict)
    binding: Binding = "early"
    owner: str = ""
    silenced: tuple[Silence, ...] = ()
    description: str = ""
    meta: Mapping[str, JSON] = field(default_factory=dict)
    derived: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def transition(self, ref: str) -> Transition | None:
        """The transition at this address, or None."""
        state = self.states.get(ref.split("/", 1)[0])
        return next((t for t in state.transitions if t.ref == ref), None) if state else None
