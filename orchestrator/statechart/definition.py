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
HistoryType = Literal["shallow", "deep"]
TransitionKind = Literal["on", "after", "always", "done", "activity-done", "activity-error"]
FailurePolicy = Literal["fail", "skip", "compensate", "escalate", "catch"]


@dataclass(frozen=True, slots=True)
class Assign:
    """Set `context.<to>` (a dotted path) to the value of a CEL expression."""

    to: str
    expr: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Put an event on the internal queue; `data` values may hold `${CEL}`."""

    event: str
    data: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """Send an event to this instance, after `delay` (ISO 8601 or `${CEL}`) when given; `id` lets `cancel` stop it."""

    event: str
    data: Mapping[str, JSON] = field(default_factory=dict)
    delay: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the delayed event that was sent under this id."""

    send_id: str


@dataclass(frozen=True, slots=True)
class Log:
    """Write the value of a CEL expression into the journal."""

    expr: str


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undo completed activities of this instance, last first; `done.compensate` follows when all are undone."""


Action = Assign | Raise | Send | Cancel | Log | Compensate


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
class Activity:
    """A side effect started on entry of its state and cancelled on its exit.

    `id` is unique in the chart; its result arrives as `done.invoke.<id>` or `error.invoke.<id>`. Values of `input` may
    hold `${CEL}`. `result` names the context key which receives the result. `on_failure` decides what happens when the
    attempts are used up; with `catch` the state has a transition of kind `activity-error`.
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


@dataclass(frozen=True, slots=True)
class State:
    """A state; `transitions` holds every way out in document order: on, after, always, onDone, then activities'."""

    id: str
    type: StateType
    title: str
    parent: str | None = None
    children: tuple[str, ...] = ()
    initial: str | None = None
    history: HistoryType | None = None
    entry: tuple[Action, ...] = ()
    exit: tuple[Action, ...] = ()
    transitions: tuple[Transition, ...] = ()
    activities: tuple[Activity, ...] = ()
    expected_within: str | None = None
    description: str = ""
    meta: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole statechart; `states` is flat and in document order, `roots` are the top-level states.

    `derived` keeps what others work out from this very chart; a cache with charts as keys would compare whole charts,
    and the drafts of one machine are alike.
    """

    id: str
    title: str
    initial: str | None
    states: Mapping[str, State]
    roots: tuple[str, ...]
    context: Mapping[str, JSON] = field(default_factory=dict)
    description: str = ""
    meta: Mapping[str, JSON] = field(default_factory=dict)
    derived: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def transition(self, ref: str) -> Transition | None:
        """The transition at this address, or None."""
        state = self.states.get(ref.split("/", 1)[0])
        return next((t for t in state.transitions if t.ref == ref), None) if state else None
