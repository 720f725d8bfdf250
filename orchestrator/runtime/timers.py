"""Timers and deadlines whose time has come: only enqueue, never run.

A due timer is a row that the drain of its shard claims in the very transaction which applies its event: a timer that
was cancelled or replaced a moment before can never fire, and a million due at once do not stand before new events.
"""

from __future__ import annotations

from orchestrator.runtime import nudge, store
from orchestrator.runtime.models import SHARDS


def enqueue_due() -> int:
    """Hint at every shard with due timers, passed deadlines or inbox rows; returns how many shards wait."""
    with store.batch() as cursor:
        waiting = store.waiting(cursor, range(SHARDS))
        nudge.after_commit(waiting)
    return len(waiting)
