"""A machine declared in code: states, ways out and activities, which become the same document as a drawn chart.

    order = Machine("order", context={"total": 0})
    placed = order.state("placed", initial=True, expected_within="PT1H")
    placed.on("paid", "shipping", guard="event.amount >= context.total")

Nothing is checked until `chart()`, because a target may be declared later; its error names the line of each mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from orchestrator.sdk.actions import Action
from orchestrator.sdk.declaring import Document, Duration, MachineError, part, place, plain, refuse_unknown
from orchestrator.sdk.work import ActivityOptions, Keyed, Target, Way, WayOptions, Work, activity_of, names_of, to
from orchestrator.statechart.definition import JSON, Binding, Chart, HistoryType, StateType
from orchestrator.statechart.document import FORMAT, DocumentError, dump, parse
from orchestrator.statechart.validate import validate

STATE_PATH = re.compile(r"(?:states/(?P<key>[^/]+)(?:/|$))*")


class StateOptions(TypedDict, total=False):
    """What a state may have. `initial=True` makes it the one in which its parent begins.

    `context` holds further context values, `output` the data of a final state, `owner` whom an escalation calls.
    Of a state with tasks, `max_concurrency` of them run together and `tolerated_failures` of them may fail.
    """

    title: str
    description: str
    initial: bool
    entry: Sequence[Action]
    exit: Sequence[Action]
    expected_within: Duration
    max_concurrency: int
    tolerated_failures: int
    context: Mapping[str, JSON]
    output: JSON
    owner: str
    meta: Mapping[str, JSON]


class TypedStateOptions(StateOptions, total=False):
    """A state that says its type, which otherwise follows from what is declared in it."""

    type: StateType
    history: HistoryType


class InvokeOptions(ActivityOptions, total=False):
    """What an activity of a state may have beside what a task may: its id, and where its result leads.

    `finalize` and `autoforward` are for a machine that runs as a child; `id_to` names the key which receives its id.
    """

    id: str
    on_done: str | Keyed | Way | list[Way]
    finalize: Sequence[Action]
    autoforward: bool
    id_to: str


class Scope:
    """What holds states: a machine, or a state."""

    def __init__(self, name: str, values: Document, places: dict[str, str]) -> None:
        self._name = name
        self._values = values
        self._places = places
        self._states: dict[str, State] = {}

    def state(self, key: str, **options: Unpack[TypedStateOptions]) -> State:
        """Declare a state; with states declared inside it is compound. Raises MachineError for a repeated key."""
        refuse_unknown(options, TypedStateOptions.__annotations__, "A state")
        if key in self._states:
            raise MachineError(f"“{self._name}” has a state “{key}” already; give this one another key.")
        values = part(**options)
        initial = values.pop("initial", False)
        made = self._states[key] = State(key, values, self._places)
        self._places[key] = place()
        if initial:
            self.start_in(made)
        return made

    def parallel(self, key: str, **options: Unpack[StateOptions]) -> State:
        """Declare a state whose inner states are all active at once."""
        return self.state(key, **options, type="parallel")

    def final(self, key: str, **options: Unpack[StateOptions]) -> State:
        """Declare a state in which its parent, or the whole instance, is done."""
        return self.state(key, **options, type="final")

    def history(
        self, key: str, default: Target | None = None, *, deep: bool = False, **options: Unpack[StateOptions]
    ) -> State:
        """Declare a state that leads to where its parent was left, and to `default` for the first time."""
        made = self.state(key, **options, type="history", history="deep" if deep else "shallow")
        if default is not None:
            made.always(default)
        return made

    def start_in(self, *targets: str | State, actions: Sequence[Action] = ()) -> None:
        """Begin in a state that lies deeper, in several of a parallel state, or with actions on the way."""
        if "initial" in self._values:
            raise MachineError(f"“{self._name}” has an initial state already; keep one of them.")
        self._values["initial"] = part(target=names_of(targets), actions=actions)

    def _document(self) -> Document:
        states = {key: state._document() for key, state in self._states.items()}
        return {**self._values, **({"states": states} if states else {})}


class State(Scope):
    """A state of a machine, made by `machine.state(...)` and its relatives; it may stand wherever a target is named."""

    def __init__(self, key: str, values: Document, places: dict[str, str]) -> None:
        super().__init__(key, values, places)
        self._machines: dict[int, Machine] = {}

    @property
    def key(self) -> str:
        return self._name

    def on(self, event: str | Sequence[str], target: Target | None = None, **options: Unpack[WayOptions]) -> None:
        """When an event arrives (`paid`, `payment.*`, `*`), go to the target, or stay and run the actions."""
        self._way("on", target, options, event=event)

    def after(self, delay: Duration, target: Target | None = None, **options: Unpack[WayOptions]) -> None:
        """When the state has been active for as long as this, go to the target."""
        self._way("after", target, options, delay=delay)

    def always(self, target: Target | None = None, **options: Unpack[WayOptions]) -> None:
        """Go to the target at once, as soon as the guard holds."""
        self._way("always", target, options)

    def on_done(self, target: Target | None = None, **options: Unpack[WayOptions]) -> None:
        """When what is inside has come to its final state, go to the target."""
        self._way("onDone", target, options)

    def invoke(self, what: Work | Machine, **options: Unpack[InvokeOptions]) -> None:
        """Start an activity on entry: a kind, a callable under `@activity`, or a machine that runs as a child."""
        refuse_unknown(options, InvokeOptions.__annotations__, "An activity")
        number = len(self._values.setdefault("invoke", []))
        self._places[f"{self.key}/invoke/{number}"] = place()
        if isinstance(what, Machine):
            self._machines[number] = what
        ways = options.pop("on_done", [])
        led = [way if isinstance(way, Way) else to(way) for way in (ways if isinstance(ways, list) else [ways])]
        kind = "chart" if isinstance(what, Machine) else what
        self._values["invoke"].append(activity_of(kind, options) | part(on_done=led))

    def task(
        self, name: str, what: Work, *, after: str | Sequence[str] = (), **options: Unpack[ActivityOptions]
    ) -> None:
        """Make the state a graph of tasks: this one starts when those named in `after` are done."""
        refuse_unknown(options, ActivityOptions.__annotations__, "A task")
        tasks = self._values.setdefault("tasks", {})
        if name in tasks:
            raise MachineError(f"“{self.key}” has a task “{name}” already; give this one another name.")
        self._places[f"{self.key}/tasks/{name}"] = self._places[f"{self.key}.{name}"] = place()
        tasks[name] = activity_of(what, options) | part(after=after)

    def _way(self, kind: str, target: Target | None, options: WayOptions, **more: object) -> None:
        ways = self._values.setdefault(kind, [])
        self._places[f"{self.key}/{kind}/{len(ways)}"] = place()
        ways.append(part(**more) | plain(to(target, **options)))

    def _document(self) -> Document:
        made = super()._document()
        if self._machines:
            charts = {number: {"chart": machine._document()} for number, machine in self._machines.items()}
            made["invoke"] = [item | charts.get(number, {}) for number, item in enumerate(made["invoke"])]
        return made


class Machine(Scope):
    """A machine in code; `manage.py syncmachines` publishes it under its id."""

    def __init__(
        self,
        id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        owner: str | None = None,
        context: Mapping[str, JSON] | None = None,
        context_schema: Mapping[str, JSON] | None = None,
        binding: Binding | None = None,
        meta: Mapping[str, JSON] | None = None,
    ) -> None:
        words = part(title=title, description=description, owner=owner, binding=binding, meta=meta)
        values = part(context=context, context_schema=context_schema)
        super().__init__(id, {"signalbox": FORMAT, "id": id, **words, **values}, {"": place()})

    @property
    def id(self) -> str:
        return self._name

    def silence(self, code: str, reason: str, *, path: str | None = None) -> None:
        """Take responsibility for a problem that does not matter in this chart, or at `path` and below it."""
        self._values.setdefault("silence", []).append(part(code=code, reason=reason, path=path))

    def chart(self) -> Chart:
        """The chart, which can be published. Raises MachineError with every mistake and the line it stands on."""
        chart = self._read()
        errors = [problem for problem in validate(chart) if problem.severity == "error"]
        if errors:
            lines = [self._line(found.path, found.path, f"{found.message} {found.fix}") for found in errors]
            raise MachineError(f"The machine “{self.id}” cannot be published:", lines)
        return chart

    def document(self) -> dict[str, Any]:
        """The document, which may still have mistakes as a draft may. Raises MachineError when it cannot be read."""
        return dump(self._read())

    def _read(self) -> Chart:
        try:
            return parse(self._document())
        except DocumentError as error:
            line = self._line(_ref(error.path), error.path, error.message)
            raise MachineError(f"The machine “{self.id}” cannot be read:", [line]) from None
        except RecursionError:
            raise MachineError(
                f"The machine “{self.id}” runs itself as a child without end; name it in input.src."
            ) from None

    def _line(self, ref: str, path: str, message: str) -> str:
        """A mistake behind the place of the innermost declaration around it."""
        while ref and ref not in self._places:
            ref = re.sub(r"[/.]?[^/.]*$", "", ref)
        return ": ".join(text for text in (self._places[ref], path, message) if text)


def _ref(path: str) -> str:
    """The address of a transition, an activity or a state in a path of the document."""
    found = STATE_PATH.match(path)
    return f"{found['key']}/{path[found.end() :]}" if found and found["key"] else ""
