"""Hints to the workers. A lost hint costs time, never work: the sweep finds whatever waits."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from celery import current_app
from django.db import transaction

SHARDS_PER_HINT = 16  # enough shards for full batches, few enough that several workers share a burst

logger = logging.getLogger(__name__)


def after_commit(shards: Iterable[int] = (), activities: Iterable[int] = ()) -> None:
    """Hint at shards to drain and activities to perform once the current transaction has committed."""
    wanted, ready = sorted(set(shards)), list(activities)
    if wanted or ready:
        transaction.on_commit(lambda: hint(wanted, ready), robust=True)


def hint(shards: list[int], activities: list[int]) -> None:
    """Send the hints now; a broker that fails is logged and left alone."""
    try:
        for at in range(0, len(shards), SHARDS_PER_HINT):
            _send("runtime.drain", shards[at : at + SHARDS_PER_HINT])
        for activity in activities:
            _send("runtime.perform", activity)
    except Exception as error:
        logger.warning("no hint sent, the sweep will find the work: %s", error)


def _send(task: str, argument: object) -> None:
    current_app.send_task(task, args=[argument], retry=False, ignore_result=True)
