"""What a dead worker or a lost hint left behind: only enqueue, never run."""

from __future__ import annotations

import json

from orchestrator.runtime import nudge, store_activities, store_human
from orchestrator.runtime.activities.registry import ActivityError
from orchestrator.runtime.conflicts import repeated
from orchestrator.runtime.perform import Outcome, answer
from orchestrator.runtime.retry import CRASHES
from orchestrator.runtime.store import Cursor, batch
from orchestrator.runtime.store_activities import Claimed

LEASES = 500  # expired leases handled by one sweep
HINTS = 200  # activities hinted at by one sweep
HINT_AGAIN = 5.0  # seconds after which a hint counts as lost
LOST = ActivityError("the worker stopped before it answered", "LeaseExpired")


@repeated
def recover_leases() -> int:
    """Give activities of dead workers back, or fail those whose attempts are used up; returns how many there were."""
    with batch() as cursor:
        runs = store_activities.expired(cursor, LEASES)
        for run in runs:
            if run.attempts < max(CRASHES, json.loads(run.spec)["retry"]["max_attempts"]):
                store_activities.again(cursor, run, LOST.message, 0)
            elif store_activities.finish(cursor, run, "failed", "", LOST.message):
                _tell(cursor, run)
    return len(runs)


def _tell(cursor: Cursor, run: Claimed) -> None:
    store_activities.answer(cursor, run, *answer(run, Outcome(error=LOST)))
    nudge.after_commit([run.shard])


def enqueue_activities() -> int:
    """Hint at activities whose time has come; returns how many."""
    with batch() as cursor:
        ready = store_activities.due(cursor, HINTS, HINT_AGAIN)
        nudge.after_commit(activities=ready)
    return len(ready)


def judge_tasks() -> int:
    """Open an incident for each state with an overdue task, close those that are over; returns how many tasks."""
    with batch() as cursor:
        store_human.close(cursor)
        return store_human.call(cursor, store_human.late_shards(cursor))
