"""Plan a batch: claimed inputs and loaded instances in, one `Writes` out. No database, no clock, no other I/O."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError

from orchestrator.runtime.agenda import Agenda, Pending
from orchestrator.runtime.carrying import Carrier, deliver, incident
from orchestrator.runtime.inputs import ENDED, Input, failed_start, step_of
from orchestrator.runtime.live import MAX_SHOWN, Detail, Live, changes, leaves
from orchestrator.runtime.writes import Answer, JournalWrite, TimerWrite, Writes
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.jsontext import dumps
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.transition import LoopError, Step

POISON_ATTEMPTS = 3  # batches which one input may break before it is set aside
MAX_HOPS = 1_000  # events of machines in a row in which no time passes

logger = logging.getLogger(__name__)


class HistoryFull(Exception):
    """An instance has as many journal rows as one may have."""


class Planner:
    """Applies inputs in order to live instances and gathers the writes."""

    def __init__(
        self, instances: Iterable[Live], chart_of: Callable[[int, str], Chart], agenda: Agenda | None = None
    ) -> None:
        self.live = {instance.id: instance for instance in instances}
        self.chart_of = chart_of
        self.agenda = agenda or Agenda()
        self.writes = Writes()
        self.fired: list[Input] = []  # stored timers that fired before their time had come by the database clock

    def run(self, inputs: Iterable[Input], deadlines: Iterable[TimerWrite] = ()) -> Writes:
        """Apply every input, with the timers on the way; then the timers and deadlines whose time has come.

        One that cannot be applied is journaled as an error and leaves its instance as it was.
        """
        for given in inputs:
            live = self.live.get(given.instance)
            if live is None:
                logger.warning("input of a deleted instance dropped", extra={"instance": given.instance})
            elif live.id in self.writes.released or (live.status == "suspended" and given.kind != "command"):
                self.writes.parked.append(given)
            elif not (given.kind == "timer" and (live.id, "event", given.source) in self.writes.timers):
                self._arrive(live, given)
        for timer in self.agenda.claimed():
            self._come(timer)
        for deadline in deadlines:
            self._judge(deadline)
        for live in self.live.values():
            if live.seq != live.expected:
                self.agenda.settle(live)
                self.writes.instances.append(live.write())
        return self.writes

    def _arrive(self, live: Live, given: Input) -> None:
        """An input that waited: what was due before it happened comes first, and the clock never goes back."""
        if live.next_due is not None:
            self._catch_up(live, given.occurred_at)
        if given.occurred_at < live.updated_at:
            given = given._replace(occurred_at=live.updated_at)
        self._apply(live, given)

    def _come(self, timer: Pending) -> None:
        """A timer whose time has come, unless this batch has fired, cancelled or replaced it."""
        live = self.live.get(timer.instance)
        if live is None or (timer.instance, "event", timer.ref) in self.writes.timers:
            return
        if live.status == "suspended" or live.id in self.writes.released:
            row = TimerWrite(
                live.id, "event", timer.ref, timer.event, timer.data, timer.since, timer.due, timer.target, timer.hops
            )
            self.writes.timers[live.id, "event", timer.ref] = row
            if live.status == "suspended":
                self.writes.held.add(live.id)
            return
        self._catch_up(live, timer.due)
        if self.agenda.take(timer):
            self._fire(live, timer)

    def _catch_up(self, live: Live, moment: datetime) -> None:
        while live.status != "suspended" and (timer := self.agenda.next(live.id, moment)) is not None:
            self._fire(live, timer)

    def _fire(self, live: Live, timer: Pending) -> None:
        if not timer.claimed:
            self.writes.timers[live.id, "event", timer.ref] = None
        given = timer.fired(live.updated_at)
        if given.id and not timer.claimed:
            self.fired.append(given)
        if timer.target:
            deliver(self.writes, live, timer.target, given)
        else:
            self._apply(live, given)

    def _judge(self, deadline: TimerWrite) -> None:
        """A state that should have been left by now becomes an incident, unless this very batch leaves it."""
        live = self.live.get(deadline.instance)
        if live is None or (live.id, "deadline", deadline.ref) in self.writes.timers:
            return
        message = str(json.loads(deadline.data).get("message", ""))
        incident(self.writes, live, "overdue", deadline.ref, message, deadline.since)

    def _apply(self, live: Live, given: Input) -> None:
        detail = Detail()
        try:
            outcome = self._try(live, given, detail)
        except (DatabaseError, SoftTimeLimitExceeded):  # of the batch, not of this input: all is tried anew
            raise
        except LoopError as error:
            outcome = self._set_aside(live, given, detail, "loop", str(error))
        except HistoryFull as error:
            outcome = self._set_aside(live, given, detail, "history-full", str(error))
        except Exception as error:
            logger.exception("input set aside", extra={"instance": live.id, "input": given.name})
            outcome = self._set_aside(live, given, detail, "poison", f"{type(error).__name__}: {error}")
        live.seq += 1
        if live.seq in (settings.HISTORY_WARNING, settings.HISTORY_LIMIT):
            self._warn(live, given)
        self.writes.journal.append(
            JournalWrite(
                live.id,
                live.seq,
                given.id,
                given.kind,
                given.name,
                given.data,
                outcome,
                detail.as_text(),
                "" if given.kind == "timer" else given.source,  # a timer's own is its id
                given.actor,
                given.occurred_at,
            )
        )

    def _try(self, live: Live, given: Input, detail: Detail) -> str:
        if given.attempts >= POISON_ATTEMPTS:
            raise ValueError(f"could not be stored in {given.attempts} attempts")
        if given.hops > MAX_HOPS:
            raise LoopError(f"stopped after {MAX_HOPS} events of machines in a row without any time in between")
        if live.seq >= settings.HISTORY_LIMIT and live.status not in FINISHED and not final(given):
            raise HistoryFull(f"the history has {live.seq} rows, and no instance may have more")
        chart = self.chart_of(live.version, live.part)
        step = step_of(chart, live.read(), given, live.env)
        if given.kind == "command":
            detail.message = str(json.loads(given.data).get("reason", ""))
        if step is None:
            detail.message = "nobody waits for it: the instance or what it answers has ended"
            return "ignored"
        live.refuse_growth(step.snapshot)
        self._note(live, step, detail)
        self._carry_out(live, step, given, detail)
        self._move(live, chart, step, given)
        return "applied" if step.handled or given.kind == "start" else "ignored"

    def _note(self, live: Live, step: Step, detail: Detail) -> None:
        detail.microsteps = step.microsteps
        detail.errors = step.errors
        before = live.snapshot.context if live.snapshot else {}
        if before is not step.snapshot.context:
            detail.changes = changes(before, step.snapshot.context)

    def _carry_out(self, live: Live, step: Step, given: Input, detail: Detail) -> None:
        for microstep in step.microsteps:
            for state in microstep.exited:
                self.writes.leave(live.id, state)
        if given.kind == "command":
            self._command(live, given.name, step.snapshot)
        if step.effects:
            carrier = Carrier(self.writes, self.agenda, live, given, detail)
            for effect in step.effects:
                carrier.carry(effect)

    def _command(self, live: Live, name: str, snapshot: Snapshot) -> None:
        """What an operator's command means beyond the chart."""
        if name == "retry":
            self.writes.retried.update((live.id, invocation) for invocation in snapshot.awaited)
            self.writes.restart(live.id, whole=live.status == "failed")
        elif name == "suspend":
            self.writes.held.add(live.id)
            self.writes.released.discard(live.id)
        elif name == "resume":
            self.writes.held.discard(live.id)
            self.writes.released.add(live.id)

    def _move(self, live: Live, chart: Chart, step: Step, given: Input) -> None:
        before = live.status
        if step.snapshot is not live.snapshot:
            live.snapshot = step.snapshot
            live.configuration = leaves(chart, step.snapshot.configuration)
        live.status = self._status(before, step.snapshot, given)
        if step.handled:
            live.updated_at = given.occurred_at
        if live.status in ENDED:
            if before != live.status:
                self._end(live, before, given.occurred_at)
            self.writes.end(live.id, live.status)

    def _status(self, before: str, snapshot: Snapshot, given: Input) -> str:
        """Suspended is what the runtime does to an instance; all else is said by its snapshot."""
        if given.kind != "command":
            return snapshot.status
        stays = before == "suspended" and given.name not in ("resume", "cancel")
        return "suspended" if stays or given.name == "suspend" else snapshot.status

    def _end(self, live: Live, before: str, when: datetime) -> None:
        """The instance will not move again: what waits with it goes, and its parent hears of it."""
        live.next_due = None
        if before == "suspended":
            self.writes.released.add(live.id)
        if live.parent is None:
            return
        told: dict[str, object] = {"invocation": live.invocation}
        if live.status == "completed":
            told["result"] = live.snapshot.output if live.snapshot else None
        else:
            message = f"the child {live.key} was {live.status}"
            told["error"] = {"class": f"Child{live.status.title()}", "message": message}
        kind = "done" if live.status == "completed" else "error"
        self.writes.answers.append(Answer(live.parent, f"{kind}.invoke.{live.activity}", dumps(told), when))

    def _warn(self, live: Live, given: Input) -> None:
        """Tell a person when the history reaches its warning and its bound: each number is passed once."""
        if live.status not in FINISHED:
            kind = "history-full" if live.seq == settings.HISTORY_LIMIT else "history"
            message = f"the history has {live.seq} rows; at {settings.HISTORY_LIMIT} no more events are taken"
            incident(self.writes, live, kind, "", message, given.occurred_at)

    def _set_aside(self, live: Live, given: Input, detail: Detail, kind: str, message: str) -> str:
        """The instance stays in its old state; a person is called."""
        detail.message = message[:MAX_SHOWN]
        if given.kind == "start" and not live.seq:
            live.snapshot, live.status = failed_start(given), "failed"
        state = "" if kind == "history-full" else live.configuration.split(" ", 1)[0]
        incident(self.writes, live, kind, state, f"{given.name}: {message}"[:MAX_SHOWN], given.occurred_at)
        return "error"


def final(given: Input) -> bool:
    """What an instance with a full history still takes: commands of a person, and the end of what is being undone."""
    return given.kind == "command" or (given.kind == "activity" and given.name.endswith(".compensation"))
