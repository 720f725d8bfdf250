"""The read side of the schedules for screens and the API. Every answer is bounded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import OuterRef, QuerySet, Subquery

from orchestrator.runtime.commands import CommandError
from orchestrator.schedules import store
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.schedules.recurrence import Recurrence, check

MOST_LISTED = 1_000
HISTORY = 50
BACKFILLS = 10
PREVIEWED = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule means: in words, and its next times."""

    words: str
    times: list[datetime]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule with what became of its latest time."""

    schedule: Schedule
    last: Firing | None


def preview(recurrence: Recurrence) -> Preview:
    """Raises CommandError when the rule cannot be followed."""
    now = store.now()
    try:
        check(recurrence, now)
        return Preview(recurrence.words(), upcoming(recurrence, now))
    except RecurrenceError as error:
        raise CommandError("invalid", error.message, error.field) from None


def upcoming(recurrence: Recurrence, now: datetime) -> list[datetime]:
    """The next times, fewer when the rule ends. Raises RecurrenceError."""
    return list(islice(recurrence.after(now), PREVIEWED))


def listed(machines: Collection[int]) -> list[ScheduleRow]:
    """The schedules of these machines, by machine and name."""
    newest = Firing.objects.filter(schedule=OuterRef("pk")).order_by("-due").values("pk")[:1]
    found = Schedule.objects.filter(machine__in=machines).select_related("machine").annotate(latest=Subquery(newest))
    schedules = list(found.order_by("machine__title", "name")[:MOST_LISTED])
    firings = Firing.objects.in_bulk([schedule.latest for schedule in schedules if schedule.latest])
    return [ScheduleRow(schedule, firings.get(schedule.latest)) for schedule in schedules]


def one(schedule: Schedule) -> ScheduleRow:
    return ScheduleRow(schedule, schedule.firings.first())


def history(schedule: Schedule) -> list[Firing]:
    """What became of the latest times, newest first."""
    return list(schedule.firings.all()[:HISTORY])


def backfills(schedule: Schedule) -> QuerySet[Backfill]:
    """The latest, newest first."""
    return schedule.backfills.all()[:BACKFILLS]
