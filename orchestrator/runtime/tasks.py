"""Celery: thin shells. A message is a hint; running one twice, late or never changes nothing but the time."""

from __future__ import annotations

from celery import shared_task

from orchestrator.runtime import advance, heartbeat, perform, recovery, retention, timers

MARGIN = 30  # seconds for what stands around an attempt


@shared_task(name="runtime.drain", ignore_result=True)
def drain(shards: list[int]) -> None:
    """Apply what waits in these shards."""
    advance.drain(shards)


@shared_task(
    name="runtime.perform",
    ignore_result=True,
    soft_time_limit=perform.LONGEST + MARGIN,
    time_limit=perform.LONGEST + 2 * MARGIN,
)
def perform_activity(activity: int) -> None:
    """Run one side effect."""
    perform.perform(activity)


@shared_task(name="runtime.sweep", ignore_result=True)
def sweep() -> None:
    """Find what no hint was sent for: due timers, stale shards, lost leases, activities to try again."""
    heartbeat.beat()
    recovery.recover_leases()
    timers.enqueue_due()
    recovery.judge_tasks()
    recovery.enqueue_activities()


@shared_task(name="runtime.retain", ignore_result=True)
def retain() -> None:
    """Archive and prune what has had its time."""
    retention.sweep()
