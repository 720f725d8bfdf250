"""Plan a batch: claimed inputs and loaded instances in, one `Writes` out. No database, no clock, no other I/O."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError

from orchestrator.runtime.inputs import ENDED, Input, failed_start, step_of
from orchestrator.runtime.writes import ActivityWrite, IncidentWrite, InstanceWrite, JournalWrite, TimerWrite, Writes
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.durations import humanise
from orchestrator.statechart.effects import (
    CancelActivity,
    CancelTimer,
    ClearDeadline,
    Effect,
    LogMessage,
    OpenIncident,
    SendTo,
    SetDeadline,
    SetTimer,
    StartActivity,
)
from orchestrator.statechart.jsontext import dumps
from orchestrator.statechart.run import COMMUNICATION_ERROR
from orchestrator.statechart.snapshot import FINISHED, Snapshot, from_json, to_json
from orchestrator.statechart.transition import Environment, LoopError, Step

MAX_SNAPSHOT = 2_000_000  # characters; a step that would grow an instance past this is refused
MAX_SHOWN = 2_000  # characters of one changed value shown in the journal's detail
POISON_ATTEMPTS = 3  # batches which one input may break before it is set aside

logger = logging.getLogger(__name__)


class TooLarge(Exception):
    """A step would make the instance larger than it may be."""


@dataclass(slots=True)
class Live:
    """An instance as it moves through the batch."""

    id: int
    machine: int
    version: int
    key: str
    status: str
    configuration: str
    text: str  # the stored snapshot
    seq: int
    updated_at: datetime
    finished_at: datetime | None
    snapshot: Snapshot | None = None
    expected: int = 0
    changed: bool = False

    def __post_init__(self) -> None:
        self.expected = self.seq

    def read(self) -> Snapshot | None:
        """The snapshot, read when first needed, so that a damaged one fails its own input only."""
        if self.snapshot is None and self.seq:
            self.snapshot = from_json(self.text)
        return self.snapshot

    def write(self) -> InstanceWrite:
        """The row to store, fenced by the seq that was read."""
        if self.changed and self.snapshot is not None:
            self.text = to_json(self.snapshot)
        return InstanceWrite(
            self.id,
            self.expected,
            self.seq,
            self.status,
            self.configuration,
            self.text,
            self.updated_at,
            self.finished_at,
        )


@dataclass(slots=True)
class Detail:
    """What the journal says of one input; `as_text` is its JSON."""

    entered: list[str] = field(default_factory=list)
    exited: list[str] = field(default_factory=list)
    transitions: list[str] = field(default_factory=list)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    message: str = ""
    errors: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        names = ("entered", "exited", "transitions", "changes", "log", "message", "errors")
        return dumps({name: getattr(self, name) for name in names})


class Planner:
    """Applies inputs in order to live instances and gathers the writes."""

    def __init__(self, instances: Iterable[Live], chart_of: Callable[[int], Chart]) -> None:
        self.live = {instance.id: instance for instance in instances}
        self.chart_of = chart_of
        self.writes = Writes()

    def run(self, inputs: Iterable[Input]) -> Writes:
        """Apply every input; one that cannot be applied is journaled as an error and leaves its instance as it was."""
        for given in inputs:
            live = self.live.get(given.instance)
            if live is None:
                logger.warning("input of a deleted instance dropped", extra={"instance": given.instance})
            elif not (given.kind == "timer" and (given.instance, "event", given.source) in self.writes.timers):
                self._apply(live, given)
        self.writes.instances.extend(live.write() for live in self.live.values() if live.seq != live.expected)
        return self.writes

    def _apply(self, live: Live, given: Input) -> None:
        detail = Detail()
        try:
            outcome = self._try(live, given, detail)
        except (DatabaseError, SoftTimeLimitExceeded):  # of the batch, not of this input: all is tried anew
            raise
        except LoopError as error:
            outcome = self._set_aside(live, given, detail, "loop", str(error))
        except Exception as error:
            logger.exception("input set aside", extra={"instance": live.id, "input": given.name})
            outcome = self._set_aside(live, given, detail, "poison", f"{type(error).__name__}: {error}")
        live.seq += 1
        source = "" if given.kind == "timer" else given.source  # a timer's own is its id
        row = JournalWrite(
            live.id,
            live.seq,
            given.id,
            given.kind,
            given.name,
            given.data,
            outcome,
            detail.as_text(),
            source,
            given.actor,
            given.occurred_at,
        )
        self.writes.journal.append(row)

    def _try(self, live: Live, given: Input, detail: Detail) -> str:
        if given.attempts >= POISON_ATTEMPTS:
            raise ValueError(f"could not be stored in {given.attempts} attempts")
        chart = self.chart_of(live.version)
        step = step_of(chart, live.read(), given, Environment(instance_id=live.id, instance_key=live.key))
        if given.kind == "command":
            detail.message = str(json.loads(given.data).get("reason", ""))
        if step is None:
            detail.message = "the instance had finished"
            return "ignored"
        self._refuse_growth(live, step)
        self._note(live, step, detail)
        self._carry_out(live, step, given, detail)
        self._move(live, chart, step, given)
        return "applied" if step.handled or given.kind == "start" else "ignored"

    def _refuse_growth(self, live: Live, step: Step) -> None:
        if step.snapshot is live.snapshot or step.snapshot.context is getattr(live.snapshot, "context", None):
            return
        size = len(to_json(step.snapshot))
        if size > MAX_SNAPSHOT:
            raise TooLarge(
                f"the instance would hold {size} characters, more than {MAX_SNAPSHOT}; keep less in its context"
            )

    def _note(self, live: Live, step: Step, detail: Detail) -> None:
        for microstep in step.microsteps:
            detail.entered.extend(microstep.entered)
            detail.exited.extend(microstep.exited)
            detail.transitions.extend(microstep.transitions)
        detail.errors.extend(step.errors)
        detail.changes.update(changes(live.snapshot.context if live.snapshot else {}, step.snapshot.context))

    def _carry_out(self, live: Live, step: Step, given: Input, detail: Detail) -> None:
        for microstep in step.microsteps:
            for state in microstep.exited:
                self.writes.leave(live.id, state)
        if given.kind == "command" and given.name == "retry":
            self._retry(live, step.snapshot)
        for effect in step.effects:
            self._effect(live, effect, given, detail)

    def _retry(self, live: Live, snapshot: Snapshot) -> None:
        """Failed runs which the instance still waits for become pending again; what was open about them is answered."""
        self.writes.retried.update((live.id, invocation) for invocation in snapshot.awaited)
        self.writes.restart(live.id, whole=live.status == "failed")

    def _effect(self, live: Live, effect: Effect, given: Input, detail: Detail) -> None:
        match effect:
            case SetTimer():
                key = (live.id, "event", effect.id)
                self.writes.timers[key] = TimerWrite(*key, effect.event, dumps(effect.data), None, effect.due)
            case SendTo():
                self._unsent(live, effect)
            case CancelTimer():
                self.writes.timers[live.id, "event", effect.id] = None
            case SetDeadline():
                self.writes.timers[live.id, "deadline", effect.state] = deadline(live, effect)
            case ClearDeadline():
                self.writes.timers[live.id, "deadline", effect.state] = None
            case StartActivity():
                self.writes.activities[live.id, effect.invocation] = activity(live, effect)
            case CancelActivity():
                self._cancel(live.id, effect.invocation)
            case OpenIncident():
                self._open(live, effect.kind, effect.state, effect.message, given.occurred_at)
            case LogMessage():
                detail.log.append(effect.message)

    def _unsent(self, live: Live, effect: SendTo) -> None:
        """Events reach no other instance yet: the sender is told when the event would have been delivered."""
        key = (live.id, "event", effect.id or f"send.{effect.target}.{effect.event}")
        told = {"message": f"nothing delivers events to {effect.target} yet", "sendid": effect.send_id}
        self.writes.timers[key] = TimerWrite(*key, COMMUNICATION_ERROR, dumps(told), None, effect.due)

    def _cancel(self, instance: int, invocation: str) -> None:
        key = (instance, invocation)
        started = self.writes.activities.get(key)
        if started is None:
            self.writes.cancelled.add(key)
        else:
            self.writes.activities[key] = started._replace(status="cancelled")

    def _open(self, live: Live, kind: str, state: str, message: str, since: datetime) -> None:
        plain = message.replace("\x00", "")
        row = IncidentWrite(live.id, live.machine, live.version, kind, state, plain, since)
        self.writes.incidents.setdefault((live.id, kind, state), row)

    def _move(self, live: Live, chart: Chart, step: Step, given: Input) -> None:
        before = live.status
        live.changed = live.changed or step.snapshot != live.snapshot
        live.snapshot = step.snapshot
        live.status = step.snapshot.status
        live.configuration = " ".join(s for s in step.snapshot.configuration if not chart.states[s].children)
        if step.handled:
            live.updated_at = given.occurred_at
        if live.status not in FINISHED:
            live.finished_at = None
        elif before != live.status or live.finished_at is None:
            live.finished_at = given.occurred_at
        if live.status in ENDED:
            self.writes.end(live.id, live.status)

    def _set_aside(self, live: Live, given: Input, detail: Detail, kind: str, message: str) -> str:
        """The instance stays in its old state; a person is called."""
        detail.message = message[:MAX_SHOWN]
        if given.kind == "start" and not live.seq:
            live.snapshot, live.status, live.changed = failed_start(given), "failed", True
            live.finished_at = given.occurred_at
        state = live.configuration.split(" ", 1)[0]
        self._open(live, kind, state, f"{given.name}: {message}"[:MAX_SHOWN], given.occurred_at)
        return "error"


def deadline(live: Live, effect: SetDeadline) -> TimerWrite:
    """The row of a deadline; its data is the message of the incident which it may become."""
    expected = humanise((effect.due - effect.entered).total_seconds())
    message = dumps({"message": f"expected to be left within {expected}"})
    return TimerWrite(live.id, "deadline", effect.state, "", message, effect.entered, effect.due)


def activity(live: Live, effect: StartActivity) -> ActivityWrite:
    """The row of a side effect; without a key of its own it takes a stable one from its instance and invocation."""
    key = effect.idempotency_key or f"{live.id}-{effect.invocation}"
    if len(key) > 200:
        key = hashlib.sha256(key.encode()).hexdigest()
    spec = dumps({"input": effect.input, "timeout": effect.timeout, "retry": asdict(effect.retry)})
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
        "pending",
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Context keys whose value changed, as [old, new]; a long value is shown shortened."""
    if before is after:
        return {}
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: [_shown(before.get(key)), _shown(after.get(key))] for key in keys}


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = dumps(value)
    return value if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
