"""A backfill goes forward a portion at a time, so that 10,000 starts hold up nothing else."""

from __future__ import annotations

from itertools import islice

from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.firing import MOST_STARTS, fired_of, start
from orchestrator.schedules.models import Backfill
from orchestrator.schedules.recurrence import TICK
from orchestrator.schedules.store import now


def advance(backfill: Backfill) -> None:
    """Fire the next portion of a locked backfill; overlap does not matter, as all its times lie in the past."""
    schedule = backfill.schedule
    begin = backfill.from_at if backfill.position is None else backfill.position + TICK
    try:
        times = list(islice(schedule.recurrence.between(begin, backfill.to_at), MOST_STARTS))
    except RecurrenceError:  # such as a zone which the database of zones has lost: there is no time to go on with
        times = []
    fired = fired_of(schedule, times)
    outcomes = [firing.outcome for firing in start(schedule, [at for at in times if at not in fired], backfill)]
    backfill.existing += len(fired) + outcomes.count("existing")
    backfill.started += outcomes.count("started")
    backfill.refused += outcomes.count("refused")
    if times:
        backfill.position = times[-1]
    if len(times) < MOST_STARTS:
        backfill.finished_at = now()
    backfill.save()
