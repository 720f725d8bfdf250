"""Making and changing schedules. Each call commits before it returns; a CommandError has stored nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, transaction

from orchestrator.definitions.models import Machine
from orchestrator.runtime.commands import CommandError
from orchestrator.runtime.intake import data_text
from orchestrator.schedules import store
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.schedules.recurrence import Recurrence, check
from orchestrator.statechart.definition import JSON

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?")
MOST_SCHEDULES = 500  # of one machine
MOST_TIMES = 10_000  # of one backfill


@dataclass(frozen=True, slots=True)
class Draft:
    """What a schedule is to be. Its name is not part of it: the keys of its instances begin with the name."""

    recurrence: Recurrence
    context: Mapping[str, JSON] = field(default_factory=dict)
    catch_up: str = "one"
    overlap: str = "allow"


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """How many times a range has, and how many of them have fired already."""

    total: int
    existing: int


def create(machine: Machine, name: str, draft: Draft, actor: str) -> Schedule:
    """Raises CommandError."""
    if not NAME.fullmatch(name):
        mend = "a name has 1 to 80 small letters, digits, - and _, and begins and ends with a letter or digit"
        raise CommandError("invalid", mend, "name")
    if machine.schedules.count() >= MOST_SCHEDULES:
        raise CommandError("too-large", f"the machine has {MOST_SCHEDULES} schedules already; delete one", "name")
    now = store.now()
    schedule = Schedule(machine=machine, name=name)
    _fill(schedule, draft, actor, now)
    schedule.next_at = _next(schedule.recurrence, now)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError:
        raise CommandError("conflict", f"the machine has a schedule {name} already; change that one", "name") from None
    return schedule


def change(pk: int, draft: Draft, actor: str) -> Schedule:
    """A changed rule counts from now on; what it meant until now is not caught up. Raises CommandError."""
    with _locked(pk) as schedule:
        now = store.now()
        before = schedule.recurrence
        _fill(schedule, draft, actor, now)
        if schedule.recurrence != before:
            if schedule.backfills.filter(finished_at=None).exists():
                raise CommandError("conflict", "a backfill of this schedule is running; wait for its end", "rule")
            schedule.next_at = _next(schedule.recurrence, now)
        schedule.save()
    return schedule


def pause(pk: int, actor: str) -> Schedule:
    """Start nothing until it is resumed. Raises CommandError."""
    with _locked(pk) as schedule:
        schedule.paused, schedule.changed_by, schedule.changed_at = True, actor, store.now()
        schedule.save(update_fields=["paused", "changed_by", "changed_at"])
    return schedule


def resume(pk: int, actor: str) -> Schedule:
    """Go on with the next time after now; what fell into the pause is left to a backfill. Raises CommandError."""
    with _locked(pk) as schedule:
        if schedule.paused:
            now = store.now()
            schedule.next_at = next(schedule.recurrence.after(now), None)
            schedule.paused, schedule.changed_by, schedule.changed_at = False, actor, now
            schedule.save(update_fields=["paused", "next_at", "changed_by", "changed_at"])
    return schedule


def remove(pk: int) -> None:
    """Forget the schedule with its history; its instances stay. Raises CommandError."""
    with _locked(pk) as schedule:
        schedule.delete()


def plan_backfill(schedule: Schedule, first: datetime, last: datetime) -> BackfillPlan:
    """What a backfill would do; nothing is stored. Raises CommandError."""
    if last < first:
        raise CommandError("invalid", "the range ends before it begins; exchange its two times", "to")
    if last > store.now():
        raise CommandError("invalid", "a backfill is for the past; end the range now or before", "to")
    times = list(islice(schedule.recurrence.between(first, last), MOST_TIMES + 1))
    if len(times) > MOST_TIMES:
        raise CommandError("too-large", f"the range has more than {MOST_TIMES:,} times; shorten it", "to")
    fired = schedule.firings.filter(due__range=(first, last), outcome__in=Firing.DONE).values_list("due", flat=True)
    return BackfillPlan(len(times), len(set(fired).intersection(times)))


def backfill(pk: int, first: datetime, last: datetime, actor: str) -> Backfill:
    """Fire the times of a past range which have not fired; the same range again, while it runs, is the same backfill.

    Raises CommandError.
    """
    with _locked(pk) as schedule:
        plan = plan_backfill(schedule, first, last)
        at_work = schedule.backfills.filter(finished_at=None).first()
        if at_work is None:
            return Backfill.objects.create(
                schedule=schedule, from_at=first, to_at=last, total=plan.total, requested_by=actor
            )
        if (at_work.from_at, at_work.to_at) != (first, last):
            raise CommandError("conflict", "another backfill of this schedule is running; wait for its end", "from")
    return at_work


@contextmanager
def _locked(pk: int) -> Iterator[Schedule]:
    """The schedule, which no sweep fires meanwhile."""
    with transaction.atomic():
        found = Schedule.objects.select_related("machine").select_for_update(of=("self",)).filter(pk=pk).first()
        if found is None:
            raise CommandError("conflict", "the schedule was deleted in the meantime")
        yield found


def _fill(schedule: Schedule, draft: Draft, actor: str, now: datetime) -> None:
    """Take over the checked draft. Raises CommandError."""
    for given, allowed, name in (
        (draft.catch_up, Schedule.CATCH_UPS, "catchUp"),
        (draft.overlap, Schedule.OVERLAPS, "overlap"),
    ):
        words = [word for word, _ in allowed]
        if given not in words:
            raise CommandError("invalid", f"“{given:.20}” is no choice; choose {', '.join(words)}", name)
    context = data_text(draft.context, "context")
    if "${" in context:
        raise CommandError("invalid", "the context is taken as it is: ${...} is not worked out here", "context")
    recurrence = draft.recurrence
    schedule.kind, schedule.rule, schedule.zone = recurrence.kind, recurrence.rule, recurrence.zone
    schedule.starts_at = recurrence.start and recurrence.start.replace(microsecond=0)
    schedule.context, schedule.catch_up, schedule.overlap = context, draft.catch_up, draft.overlap
    schedule.changed_by, schedule.changed_at = actor, now


def _next(recurrence: Recurrence, now: datetime) -> datetime:
    try:
        return check(recurrence, now)
    except RecurrenceError as error:
        raise CommandError("invalid", error.message, error.field) from None


def context_of(schedule: Schedule) -> dict[str, JSON]:
    """The values which each instance starts with, beside `scheduledFor`."""
    found: dict[str, JSON] = json.loads(schedule.context)
    return found
