"""One sweep of the schedules: what was queued, what is due, what is filled in. Safe to run twice at once, or late."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from django.db import transaction

from orchestrator.schedules import store
from orchestrator.schedules.backfilling import advance
from orchestrator.schedules.firing import fire, fire_queued

BUDGET = 5.0  # seconds for each part of a sweep; the next one goes on
KEPT_DAYS = 90
PRUNED = 1_000  # firings which one sweep forgets

Part = Callable[[Sequence[int]], int | None]
logger = logging.getLogger(__name__)


class BrokenError(Exception):
    """One schedule could not be dealt with; nothing of it is stored."""

    def __init__(self, schedule: int) -> None:
        super().__init__(f"schedule {schedule}")
        self.schedule = schedule


def sweep() -> int:
    """Deal with a portion of each schedule that waits; returns how many portions there were."""
    done = sum(_once_each(part) for part in (queued_part, due_part, backfill_part))
    store.prune(KEPT_DAYS, PRUNED)
    return done


def due_part(seen: Sequence[int] = ()) -> int | None:
    """Fire one schedule that is due; its id, or None when there is none beside those seen."""
    with transaction.atomic():
        schedule = store.claim_due(seen)
        if schedule is None:
            return None
        return _guarded(schedule.pk, lambda: fire(schedule, store.now()))


def queued_part(seen: Sequence[int] = ()) -> int | None:
    """Fire one queued time whose wait is over."""
    with transaction.atomic():
        schedule = store.claim_queued(seen)
        if schedule is None:
            return None
        return _guarded(schedule.pk, lambda: fire_queued(schedule))


def backfill_part(seen: Sequence[int] = ()) -> int | None:
    """Bring one backfill a portion forward."""
    with transaction.atomic():
        backfill = store.claim_backfill(seen)
        if backfill is None:
            return None
        return _guarded(backfill.schedule_id, lambda: advance(backfill))


def _guarded(schedule: int, work: Callable[[], None]) -> int:
    try:
        work()
    except Exception as error:
        raise BrokenError(schedule) from error
    return schedule


def _once_each(part: Part) -> int:
    """A schedule with a long backlog, or one that fails, holds up no other."""
    until, seen, done = time.monotonic() + BUDGET, list[int](), 0
    while time.monotonic() < until:
        try:
            found = part(seen)
        except BrokenError as error:
            logger.exception("schedule %d could not be fired", error.schedule)
            seen.append(error.schedule)
            continue
        if found is None:
            break
        seen.append(found)
        done += 1
    return done
