"""Every claim and bulk statement of the schedules. All times come from the clock of the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.statechart.snapshot import FINISHED

NOW = "SELECT statement_timestamp()"

# Mark the firings whose instances have ended, so that a long history costs nothing when the running ones are asked for.
MARK_OVER = """
UPDATE schedules_firing f SET over = true
WHERE f.schedule_id = %(schedule)s AND f.instance_id IS NOT NULL AND f.backfill_id IS NULL AND NOT f.over
  AND NOT EXISTS (SELECT FROM runtime_instance i WHERE i.id = f.instance_id AND NOT i.status = ANY(%(ended)s))
"""

# Forget the oldest of the history, a portion at a time.
PRUNE = """
DELETE FROM schedules_firing WHERE id IN (
  SELECT id FROM schedules_firing
  WHERE fired_at < statement_timestamp() - make_interval(days => %(days)s) AND outcome <> 'queued'
  ORDER BY fired_at LIMIT %(limit)s)
"""


def now() -> datetime:
    """The time of the database."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        moment: datetime = cursor.fetchone()[0]
    return moment


def claim_due(seen: Sequence[int]) -> Schedule | None:
    """The schedule that is due for longest and that nobody else is firing, locked until the transaction ends."""
    due = Schedule.objects.filter(paused=False, next_at__lte=Now()).exclude(pk__in=seen)
    claimed = due.select_related("machine").select_for_update(skip_locked=True, of=("self",))
    return claimed.order_by("next_at").first()


def claim_queued(seen: Sequence[int]) -> Schedule | None:
    """A schedule whose queued time need not wait any longer, locked until the transaction ends."""
    waiting = Schedule.objects.filter(paused=False, queued_for__isnull=False).exclude(pk__in=seen)
    free = waiting.exclude(Exists(_running().filter(schedule=OuterRef("pk"))))
    claimed = free.select_related("machine").select_for_update(skip_locked=True, of=("self",))
    return claimed.order_by("queued_for").first()


def claim_backfill(seen: Sequence[int]) -> Backfill | None:
    """A backfill with work left, locked together with its schedule."""
    open_ones = Backfill.objects.filter(finished_at=None).exclude(schedule__in=seen)
    claimed = open_ones.select_related("schedule__machine").select_for_update(skip_locked=True, of=("self", "schedule"))
    return claimed.order_by("pk").first()


def running(schedule: Schedule) -> list[int]:
    """The instances which this schedule started by itself and which have not ended."""
    with connection.cursor() as cursor:
        cursor.execute(MARK_OVER, {"schedule": schedule.pk, "ended": sorted(FINISHED)})
    found = _running().filter(schedule=schedule).order_by("due").values_list("instance", flat=True)
    return [instance for instance in found if instance is not None]


def prune(days: int, limit: int) -> int:
    """How many firings were forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, {"days": days, "limit": limit})
        return int(cursor.rowcount)


def _running() -> QuerySet[Firing]:
    alive = Q(instance__status__isnull=False) & ~Q(instance__status__in=FINISHED)
    return Firing.objects.filter(alive, instance__isnull=False, backfill=None, over=False)
