"""Instances that run side by side on a virtual clock and talk to one another, as SCXML sessions do."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from orchestrator.statechart import lifecycle
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.effects import CancelActivity, CancelTimer, Effect, SendTo, SetTimer, StartActivity
from orchestrator.statechart.run import COMMUNICATION_ERROR
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.steps import Environment, Event, Step
from orchestrator.statechart.transition import start, transition

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MAX_EVENTS = 10_000
WEB = "http://sessions.invalid/"  # where each takes events over a network that is as virtual as the clock
Load = Callable[[StartActivity], Chart | None]


class TooLong(Exception):
    """The sessions keep one another busy without end."""


@dataclass(slots=True)
class Session:
    """One instance; `parent` is the session that started it, under the id `invoke_id` as `invocation`."""

    id: str
    chart: Chart
    snapshot: Snapshot
    parent: str = ""
    invoke_id: str = ""
    invocation: str = ""

    @property
    def ended(self) -> bool:
        return self.snapshot.status in FINISHED


@dataclass(order=True, slots=True)
class _Waiting:
    """An event on its way: those that are due together arrive in the order in which they were sent."""

    due: datetime
    number: int
    to: str = field(compare=False)
    event: Event = field(compare=False)
    timer: tuple[str, str] = field(compare=False)
    invocation: str = field(compare=False, default="")


class Sessions:
    """`load` gives the chart of a child, or None when there is none to be had."""

    def __init__(self, load: Load = lambda asked: asked.chart) -> None:
        self.now = BEGINNING
        self._load = load
        self._all: dict[str, Session] = {}
        self._waiting: list[_Waiting] = []
        self._numbers = count(1)
        self._handled = 0

    def start(self, chart: Chart, context: Mapping[str, JSON] | None = None) -> Session:
        """Start an instance that nobody waits for."""
        return self._start(chart, context or {}, Session("", chart, Snapshot()))

    def send(self, session: Session, event: Event) -> None:
        """Deliver an event at once, and what follows from it without any delay."""
        self._push(self.now, session.id, event, ("", ""))
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass; what is due meanwhile arrives when it is due."""
        until = self.now + timedelta(seconds=seconds)
        while self._waiting and self._waiting[0].due <= until:
            self._next()
        self.now = until

    def settle(self) -> None:
        """Deliver all that is due now."""
        self.wait(0)

    def run(self, session: Session, longest: float) -> None:
        """Let time pass until the session has ended or nothing more is on its way, for so many seconds at most."""
        until = self.now + timedelta(seconds=longest)
        while not session.ended and self._waiting and self._waiting[0].due <= until:
            self._next()

    def _start(self, chart: Chart, context: Mapping[str, JSON], session: Session) -> Session:
        session.id = str(next(self._numbers))
        self._all[session.id] = session
        self._take(session, start(chart, context, self.now, self._environment(session)))
        return session

    def _environment(self, session: Session) -> Environment:
        return Environment(
            instance_id=int(session.id),
            instance_key=session.id,
            parent=bool(session.parent),
            access=f"{WEB}{session.id}",
            reachable=[other.id for other in self._all.values() if not other.ended],
        )

    def _push(self, due: datetime, to: str, event: Event, timer: tuple[str, str], invocation: str = "") -> None:
        heapq.heappush(self._waiting, _Waiting(due, next(self._numbers), to, event, timer, invocation))

    def _next(self) -> None:
        """The next event arrives."""
        self._handled += 1
        if self._handled > MAX_EVENTS:
            raise TooLong(f"more than {MAX_EVENTS} events were sent")
        waiting = heapq.heappop(self._waiting)
        self.now = max(self.now, waiting.due)
        session = self._all[waiting.to]
        if session.ended or (waiting.invocation and waiting.invocation != session.invocation):
            return
        step = transition(session.chart, session.snapshot, waiting.event, self.now, self._environment(session))
        self._take(session, step)

    def _take(self, session: Session, step: Step) -> None:
        session.snapshot = step.snapshot
        for effect in step.effects:
            self._carry_out(session, effect)
        if session.ended:
            self._end(session)

    def _carry_out(self, session: Session, effect: Effect) -> None:
        match effect:
            case SetTimer(id=name, event=event, due=due, data=data, send_id=send_id):
                self._forget(session.id, name)
                sent = Event(event, data, send_id=send_id, origin=f"#_scxml_{session.id}")
                self._push(due, session.id, sent, (session.id, name))
            case SendTo():
                self._send(session, effect)
            case CancelTimer(id=name):
                self._forget(session.id, name)
            case StartActivity():
                self._invoke(session, effect)
            case CancelActivity(invocation=invocation):
                self._cancel(session, invocation)

    def _forget(self, session: str, timer: str) -> None:
        self._waiting = [waiting for waiting in self._waiting if waiting.timer != (session, timer)]
        heapq.heapify(self._waiting)

    def _send(self, session: Session, effect: SendTo) -> None:
        to = self._reached(session, effect)
        if to is None:
            lost = Event(COMMUNICATION_ERROR, {}, kind="platform", send_id=effect.send_id)
            self._push(self.now, session.id, lost, ("", ""))
            return
        came = Event(effect.event, effect.data, send_id=effect.send_id, origin=f"#_scxml_{session.id}")
        if to == session.parent:
            came = came._replace(invoke_id=session.invoke_id)
        self._push(effect.due, to, came, (session.id, effect.id), effect.invocation)

    def _reached(self, session: Session, effect: SendTo) -> str | None:
        """The session that a target names."""
        if effect.target == "#_parent":
            return session.parent or None
        if effect.target.startswith(("#_scxml_", WEB)):
            name = effect.target.removeprefix("#_scxml_").removeprefix(WEB)
            return name if name in self._all else None
        return self._child(session, effect.invocation)

    def _child(self, session: Session, invocation: str) -> str | None:
        found = (s.id for s in self._all.values() if s.parent == session.id and s.invocation == invocation)
        return next(found, None)

    def _invoke(self, session: Session, asked: StartActivity) -> None:
        """Start a child; one that cannot be had is told as an error."""
        chart = self._load(asked) if asked.kind == "chart" else None
        if chart is None:
            error = Event(COMMUNICATION_ERROR, {"message": f"nothing runs {asked.activity}"}, kind="platform")
            self._push(self.now, session.id, error, ("", ""))
            return
        given = asked.input.get("context")
        known = {name for state in chart.states.values() for name in state.context} | set(chart.context)
        context = {name: value for name, value in given.items() if name in known} if isinstance(given, dict) else {}
        child = Session("", chart, Snapshot(), session.id, asked.activity, asked.invocation)
        self._start(chart, context, child)

    def _cancel(self, session: Session, invocation: str) -> None:
        name = self._child(session, invocation)
        child = self._all[name] if name else None
        if child is not None and not child.ended:
            self._take(child, lifecycle.cancel(child.chart, child.snapshot, self.now, self._environment(child)))

    def _end(self, session: Session) -> None:
        """What it has sent with a delay is not delivered any more, and its parent hears of the end (SCXML 6.4)."""
        late = [w for w in self._waiting if w.timer[0] == session.id and w.due > self.now]
        for waiting in late:
            self._forget(*waiting.timer)
        if session.parent and session.snapshot.status == "completed":
            data: dict[str, JSON] = {"invocation": session.invocation, "result": session.snapshot.output}
            name = f"done.invoke.{session.invoke_id}"
            done = Event(name, data, origin=f"#_scxml_{session.id}", invoke_id=session.invoke_id)
            self._push(self.now, session.parent, done, ("", ""))
