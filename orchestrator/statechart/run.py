"""One step in the making: the mutable working copy of a snapshot with the queue and all that the step gathers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.effects import Effect
from orchestrator.statechart.expressions import Scope
from orchestrator.statechart.snapshot import Fan, Snapshot, Status, Undoable
from orchestrator.statechart.steps import MAX_ACTIONS, MAX_QUEUE, Environment, Event, LoopError, Microstep, Step
from orchestrator.statechart.structure import Structure, structure_of
from orchestrator.statechart.system import described, processors

EXECUTION_ERROR, COMMUNICATION_ERROR = "error.execution", "error.communication"
NOTHING: Mapping[str, JSON] = {}


@dataclass(slots=True)
class Run:
    """`to_invoke` are states whose activities start when the step settles; `undone` says that a compensation ended.

    `configuration` is in document order but for the time within a micro step. `heard` is the event that was taken in
    last and `event` its data as expressions read them. Failures are gathered and judged when the step has settled:
    `given_up` are failed activities with what to tell, `unstarted` activities whose input could not be worked out,
    `unset` states with a timeout that could not be worked out, and `undo_failed` the state and message of a
    compensation that could not be started.
    """

    structure: Structure
    env: Environment
    now: datetime
    before: Snapshot
    configuration: tuple[str, ...]
    context: Mapping[str, JSON]
    history: Mapping[str, tuple[str, ...]]
    entered: dict[str, datetime]
    invocations: dict[str, str]
    undoables: list[Undoable]
    suspended: tuple[str, ...]
    fired: tuple[str, ...]
    compensating: str | None
    counter: int
    status: Status
    fans: dict[str, Fan]
    bound: tuple[str, ...]
    output: JSON
    event: JSON = field(default_factory=dict)
    heard: Event | None = None
    queue: deque[Event] = field(default_factory=deque)
    to_invoke: dict[str, None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    microsteps: list[Microstep] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    unstarted: set[str] = field(default_factory=set)
    unset: dict[str, str] = field(default_factory=dict)
    undo_failed: tuple[str, str] | None = None
    actions: int = 0
    ended: bool = False
    undone: bool = False
    _scope: tuple[object, object, object, Scope] | None = None

    def hear(self, event: Event, data: JSON = None) -> None:
        """From now on this is the event that expressions speak of; `data` says how they read it if not as it came."""
        self.heard = event
        self.event = event.data if data is None else data

    def scope(self) -> Scope:
        """What an expression may read now; the same one until something that it may read is another."""
        kept = self._scope
        if (
            kept is None
            or kept[0] is not self.context
            or kept[1] is not self.event
            or kept[2] is not self.configuration
        ):
            kept = self._scope = (self.context, self.event, self.configuration, self.scope_with())
        return kept[3]

    def scope_with(self, **more: Any) -> Scope:
        """What an expression may read now, and further variables."""
        return RunScope(self, more)

    def raise_event(self, event: Event) -> None:
        """Put an event on the internal queue. Raises LoopError when the queue grows past its bound."""
        if len(self.queue) >= MAX_QUEUE:
            raise LoopError(f"more than {MAX_QUEUE} raised events wait; the last is {event.name}")
        self.queue.append(event)

    def fail(self, message: str, name: str = EXECUTION_ERROR, send_id: str = "") -> None:
        """An expression or action failed: remembered, and told to the chart (SCXML 5.9: error.execution)."""
        self.errors.append(message)
        self.raise_event(Event(name, {"message": message}, kind="platform", send_id=send_id))

    def count_action(self) -> None:
        """One more action of this step. Raises LoopError when there are too many, as in loops within loops."""
        self.actions += 1
        if self.actions > MAX_ACTIONS:
            raise LoopError(f"stopped after {MAX_ACTIONS} actions in one step; shorten the lists of forEach")

    def number(self) -> int:
        """The next number for ids that must be unique in the instance's life."""
        self.counter += 1
        return self.counter

    def step(self, handled: bool) -> Step:
        """The finished step; a snapshot in which nothing moved is the one that came in."""
        snapshot = Snapshot(
            configuration=self.configuration,
            context=self.context,
            history=self.history,
            entered=self.entered,
            invocations=self.invocations,
            suspended=self.suspended,
            fired=self.fired,
            undoables=tuple(self.undoables),
            compensating=self.compensating,
            counter=self.counter,
            status=self.status,
            fans=self.fans,
            bound=self.bound,
            output=self.output,
        )
        same = not self.microsteps and not self.effects and snapshot == self.before
        return Step(
            snapshot=self.before if same else snapshot,
            effects=tuple(self.effects),
            microsteps=tuple(self.microsteps),
            handled=handled,
            errors=tuple(self.errors),
        )


class RunScope(Scope):
    """Works each variable out when an expression asks for it, because most ask for one or two."""

    __slots__ = ("_run",)

    def __init__(self, run: Run, more: Mapping[str, Any]) -> None:
        super().__init__(more, run.configuration)
        self._run = run

    def _given(self, names: tuple[str, ...]) -> dict[str, Any]:
        run = self._run
        own = {name: VARIABLES[name](run) for name in names if name in VARIABLES}
        return {**own, **super()._given(names)} if self._variables else own


VARIABLES: Mapping[str, Callable[[Run], Any]] = {
    "context": lambda run: run.context,
    "event": lambda run: run.event,
    "instance": lambda run: {"id": run.env.instance_id, "key": run.env.instance_key},
    "now": lambda run: run.now,
    "_event": lambda run: described(run.heard),
    "_sessionid": lambda run: run.env.session_id,
    "_name": lambda run: run.structure.chart.id,
    "_ioprocessors": lambda run: processors(run.env),
}


def run_of(chart: Chart, snapshot: Snapshot, now: datetime, env: Environment) -> Run:
    """A working copy of the snapshot."""
    return Run(
        structure=structure_of(chart),
        env=env,
        now=now,
        before=snapshot,
        configuration=snapshot.configuration,
        context=snapshot.context,
        history=snapshot.history,
        entered=dict(snapshot.entered),
        invocations=dict(snapshot.invocations),
        undoables=list(snapshot.undoables),
        suspended=snapshot.suspended,
        fired=snapshot.fired,
        compensating=snapshot.compensating,
        counter=snapshot.counter,
        status=snapshot.status,
        fans=dict(snapshot.fans),
        bound=snapshot.bound,
        output=snapshot.output,
    )
