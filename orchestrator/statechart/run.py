"""One step in the making: the mutable working copy of a snapshot with the queue and all that the step gathers."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.effects import Effect
from orchestrator.statechart.expressions import Scope
from orchestrator.statechart.snapshot import Snapshot, Status, Undoable
from orchestrator.statechart.steps import MAX_QUEUE, Environment, Event, LoopError, Microstep, Step
from orchestrator.statechart.structure import Structure, structure_of

EXECUTION_ERROR = "error.execution"


@dataclass(slots=True)
class Run:
    """`to_invoke` are states whose activities start when the step settles; `undone` says that a compensation ended.

    Failures are gathered and judged when the step has settled: `given_up` are failed activities with what to tell,
    `unstarted` activities whose input could not be worked out, `unset` states with a timeout that could not be worked
    out, and `undo_failed` the state and message of a compensation that could not be started.
    """

    structure: Structure
    env: Environment
    now: datetime
    before: Snapshot
    configuration: set[str]
    context: Mapping[str, JSON]
    history: dict[str, tuple[str, ...]]
    entered: dict[str, datetime]
    invocations: dict[str, str]
    undoables: list[Undoable]
    suspended: tuple[str, ...]
    fired: tuple[str, ...]
    compensating: str | None
    counter: int
    status: Status
    event: JSON = field(default_factory=dict)
    queue: deque[Event] = field(default_factory=deque)
    to_invoke: dict[str, None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    microsteps: list[Microstep] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    unstarted: set[str] = field(default_factory=set)
    unset: dict[str, str] = field(default_factory=dict)
    undo_failed: tuple[str, str] | None = None
    _scope: tuple[Mapping[str, JSON], JSON, Scope] | None = None
    ended: bool = False
    undone: bool = False

    def active(self) -> tuple[str, ...]:
        """The configuration in document order."""
        return tuple(self.structure.in_order(self.configuration))

    def scope(self) -> Scope:
        """What an expression may read now; the same one until the context or the event is another."""
        if self._scope is None or self._scope[0] is not self.context or self._scope[1] is not self.event:
            self._scope = (self.context, self.event, self.scope_with())
        return self._scope[2]

    def scope_with(self, **more: Any) -> Scope:
        """What an expression may read now, and further variables."""
        instance = {"id": self.env.instance_id, "key": self.env.instance_key}
        return Scope({"context": self.context, "event": self.event, "instance": instance, "now": self.now, **more})

    def raise_event(self, event: Event) -> None:
        """Put an event on the internal queue. Raises LoopError when the queue grows past its bound."""
        if len(self.queue) >= MAX_QUEUE:
            raise LoopError(f"more than {MAX_QUEUE} raised events wait; the last is {event.name}")
        self.queue.append(event)

    def fail(self, message: str) -> None:
        """An expression or action failed: remembered, and told to the chart (SCXML 5.9: error.execution)."""
        self.errors.append(message)
        self.raise_event(Event(EXECUTION_ERROR, {"message": message}))

    def number(self) -> int:
        """The next number for ids that must be unique in the instance's life."""
        self.counter += 1
        return self.counter

    def step(self, handled: bool) -> Step:
        """The finished step; a snapshot in which nothing moved is the one that came in."""
        snapshot = Snapshot(
            configuration=self.active(),
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
        )
        same = not self.microsteps and not self.effects and snapshot == self.before
        return Step(
            snapshot=self.before if same else snapshot,
            effects=tuple(self.effects),
            microsteps=tuple(self.microsteps),
            handled=handled,
            errors=tuple(self.errors),
        )


def run_of(chart: Chart, snapshot: Snapshot, now: datetime, env: Environment) -> Run:
    """A working copy of the snapshot."""
    return Run(
        structure=structure_of(chart),
        env=env,
        now=now,
        before=snapshot,
        configuration=set(snapshot.configuration),
        context=snapshot.context,
        history=dict(snapshot.history),
        entered=dict(snapshot.entered),
        invocations=dict(snapshot.invocations),
        undoables=list(snapshot.undoables),
        suspended=snapshot.suspended,
        fired=snapshot.fired,
        compensating=snapshot.compensating,
        counter=snapshot.counter,
        status=snapshot.status,
    )
