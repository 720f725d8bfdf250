"""What a step's effects become: rows to write. Nothing is performed here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from orchestrator.runtime.agenda import Agenda
from orchestrator.runtime.emitting import emitted
from orchestrator.runtime.human import first_status
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.live import Detail, Live
from orchestrator.runtime.writes import ActivityWrite, Answer, ChildWrite, Delivery, IncidentWrite, TimerWrite, Writes
from orchestrator.statechart.definition import Retry
from orchestrator.statechart.durations import humanise
from orchestrator.statechart.effects import (
    CancelActivity,
    CancelTimer,
    ClearDeadline,
    Effect,
    Emit,
    LogMessage,
    OpenIncident,
    SendTo,
    SetDeadline,
    SetTimer,
    StartActivity,
)
from orchestrator.statechart.jsontext import dumps
from orchestrator.statechart.run import COMMUNICATION_ERROR
from orchestrator.statechart.sending import PARENT, SESSION
from orchestrator.statechart.starting import CHILDREN

MAX_DEPTH = 16  # generations of children
MAX_KEY = 200


@dataclass(slots=True)
class Carrier:
    """Carries out the effects of one input of one instance."""

    writes: Writes
    agenda: Agenda
    live: Live
    given: Input
    detail: Detail

    def carry(self, effect: Effect) -> None:
        CARRY[type(effect)](self, effect)

    def set_timer(self, effect: SetTimer) -> None:
        self._timer(effect.id, effect.event, dumps(effect.data), effect.due)

    def _timer(self, ref: str, event: str, data: str, due: datetime, target: str = "") -> None:
        row = TimerWrite(self.live.id, "event", ref, event, data, self.given.occurred_at, due, target, self._hops(due))
        self.writes.timers[self.live.id, "event", ref] = row
        self.agenda.set(self.live, row)

    def _hops(self, due: datetime) -> int:
        """How long a chain of events without any time in between is with this one."""
        return self.given.hops + 1 if due <= self.given.occurred_at else 0

    def cancel_timer(self, effect: CancelTimer) -> None:
        self.writes.timers[self.live.id, "event", effect.id] = None
        self.agenda.cancel(self.live.id, effect.id)

    def set_deadline(self, effect: SetDeadline) -> None:
        """The data of a deadline is the message of the incident which it may become."""
        expected = humanise((effect.due - effect.entered).total_seconds())
        message = dumps({"message": f"expected to be left within {expected}"})
        row = TimerWrite(self.live.id, "deadline", effect.state, "", message, effect.entered, effect.due)
        self.writes.timers[self.live.id, "deadline", effect.state] = row

    def clear_deadline(self, effect: ClearDeadline) -> None:
        self.writes.timers[self.live.id, "deadline", effect.state] = None

    def send_to(self, effect: SendTo) -> None:
        """An event for another instance, now or later."""
        if not (effect.invocation or effect.target == PARENT or effect.target.startswith(SESSION)):
            told = {"message": f"nothing delivers events to {effect.target} yet", "sendid": effect.send_id}
            ref = effect.id or f"send.{effect.target}.{effect.event}"
            self._timer(ref, COMMUNICATION_ERROR, dumps(told), effect.due)
            return
        target = f"#_{effect.invocation}" if effect.invocation else effect.target
        data = dumps({"data": effect.data, "sendid": effect.send_id})
        if effect.due > self.given.occurred_at:
            self._timer(effect.id, effect.event, data, effect.due, target)
        else:
            deliver(self.writes, self.live, target, self.given._replace(name=effect.event, data=data))

    def emit(self, effect: Emit) -> None:
        """An event for a topic, with an id that the same step planned anew would give it again."""
        outbox = self.writes.outbox
        before = outbox[-1].event_id if outbox else ""
        outbox.append(emitted(self.live.id, self.live.key, self.live.seq + 1, effect, before, self.given.occurred_at))

    def start_activity(self, effect: StartActivity) -> None:
        key = (self.live.id, effect.invocation)
        if effect.kind in CHILDREN:
            self._start_child(effect)
        else:
            self.writes.activities[key] = activity(self.live, effect, self.given.occurred_at)

    def _start_child(self, effect: StartActivity) -> None:
        child = child_of(self.live, effect, self.given.occurred_at)
        if isinstance(child, ChildWrite):
            self.writes.children[self.live.id, effect.invocation] = child
            return
        data = dumps({"invocation": effect.invocation, "error": {"class": "InvalidInput", "message": child}})
        name = f"error.invoke.{effect.activity}"
        self.writes.answers.append(Answer(self.live.id, name, data, self.given.occurred_at))

    def cancel_activity(self, effect: CancelActivity) -> None:
        key = (self.live.id, effect.invocation)
        started = self.writes.activities.get(key)
        if started is not None:
            self.writes.activities[key] = started._replace(status="cancelled")
        elif self.writes.children.pop(key, None) is None:
            self.writes.cancelled[key] = self.given.occurred_at

    def open_incident(self, effect: OpenIncident) -> None:
        incident(self.writes, self.live, effect.kind, effect.state, effect.message, self.given.occurred_at)

    def log(self, effect: LogMessage) -> None:
        self.detail.log.append(effect.message)


CARRY: Mapping[type, Callable[[Carrier, Any], None]] = {
    SetTimer: Carrier.set_timer,
    CancelTimer: Carrier.cancel_timer,
    SetDeadline: Carrier.set_deadline,
    ClearDeadline: Carrier.clear_deadline,
    SendTo: Carrier.send_to,
    Emit: Carrier.emit,
    StartActivity: Carrier.start_activity,
    CancelActivity: Carrier.cancel_activity,
    OpenIncident: Carrier.open_incident,
    LogMessage: Carrier.log,
}


def deliver(writes: Writes, live: Live, target: str, given: Input) -> None:
    """Hand an event over to the instance that `target` names; `given` has its name, data, time and hops."""
    known, invocation = 0, ""
    told: dict[str, Any] = {"origin": f"{SESSION}{live.id}"}
    if target == PARENT:
        known = live.parent or 0
        told |= {"invocation": live.invocation, "activity": live.activity}
    elif target.startswith(SESSION):
        session = target.removeprefix(SESSION)
        known = int(session) if session.isdecimal() and len(session) < 19 else -1
    else:
        invocation = target.removeprefix("#_")
    whole = f"{dumps(told)[:-1]},{given.data[1:]}"
    writes.deliveries.append(Delivery(live.id, known, invocation, given.name, whole, given.occurred_at, given.hops + 1))


def child_of(live: Live, effect: StartActivity, now: datetime) -> ChildWrite | str:
    """The child that an activity of kind `chart` or `start` asks for, or why there can be none."""
    asked = effect.input
    context = asked.get("context") or {}
    slug = "" if effect.chart else asked.get("src" if effect.kind == "chart" else "machine")
    key = asked.get("key") or f"{live.id}.{effect.invocation}"
    attached = effect.kind == "chart" or asked.get("await", True) is not False
    if not isinstance(context, dict):
        return "input.context must be an object"
    if not isinstance(slug, str) or not (slug or effect.chart):
        return "input must name the machine to start"
    if not isinstance(key, str) or len(key) > MAX_KEY or not key.isprintable():
        return f"input.key must be printable text of at most {MAX_KEY} characters"
    if live.depth >= MAX_DEPTH:
        return f"there are {MAX_DEPTH} generations of children already; a machine seems to start itself"
    part = f"{live.part}/{effect.activity}" if effect.chart else ""
    return ChildWrite(
        live.id,
        effect.invocation,
        effect.activity,
        slug,
        part,
        key,
        dumps(context),
        now,
        live.depth + 1,
        attached,
    )


def incident(writes: Writes, live: Live, kind: str, state: str, message: str, since: datetime) -> None:
    """Something needs a person."""
    row = IncidentWrite(live.id, live.machine, live.version, kind, state, message.replace("\x00", ""), since)
    writes.incidents.setdefault((live.id, kind, state), row)


def activity(live: Live, effect: StartActivity, now: datetime) -> ActivityWrite:
    """The row of a side effect; without a key of its own it takes a stable one from its instance and invocation."""
    key = effect.idempotency_key or f"{live.id}-{effect.invocation}"
    if len(key) > MAX_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    spec = dumps({"input": effect.input, "timeout": effect.timeout, "retry": _policy(effect.retry)})
    return ActivityWrite(
        live.id,
        effect.invocation,
        effect.activity,
        effect.state,
        effect.kind,
        effect.title[:200],
        spec,
        key,
        effect.compensates or "",
        first_status(effect.kind, effect.input),
        now,
    )


@lru_cache(maxsize=1_024)
def _policy(retry: Retry) -> dict[str, Any]:
    """A retry policy as JSON; charts have few of them and ask for them often."""
    return asdict(retry)
