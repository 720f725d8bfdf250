"""The statements of activities: claim under a lease with a fence, keep the lease, record, recover."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.runtime.arrays import BigInts, Moments, Texts, columns
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.writes import Writes


class Claimed(NamedTuple):
    """One attempt under a lease; `fence` must still be the row's when the result is recorded."""

    id: int
    instance: int
    shard: int
    invocation: str
    activity: str
    kind: str
    spec: str
    idempotency_key: str
    compensates: str
    attempts: int
    fence: int


# Store side effects to be performed after the commit.
_START = """
INSERT INTO runtime_activityrun (instance_id, shard, invocation, activity, state, kind, title, spec, idempotency_key,
    compensates, status, asked_at, attempts, fence, worker, last_error, result, late)
SELECT instance, instance %% %b, invocation, activity, state, kind, title, spec, key,
    compensates, status, asked_at, 0, 0, '', '', '', ''
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::text[], %b::timestamptz[])
    u(instance, invocation, activity, state, kind, title, spec, key, compensates, status, asked_at)
RETURNING id, status"""
_START_KINDS = (BigInts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Texts, Moments)

# Stop waiting for side effects whose state was left; one that is under way loses its lease.
_CANCEL = """
UPDATE runtime_activityrun a SET status = 'cancelled', finished_at = now(), lease_until = NULL, fence = fence + 1
FROM unnest(%b::bigint[], %b::text[]) u(instance, invocation)
WHERE a.instance_id = u.instance AND a.invocation = u.invocation
    AND a.status IN ('pending', 'running', 'waiting', 'suspended')"""

# Try failed side effects again at once, and those which wait for their next attempt; a rejected task waits anew.
_RETRY = """
UPDATE runtime_activityrun a SET due = now(), finished_at = NULL, status = CASE
        WHEN EXISTS (SELECT FROM runtime_humantask h WHERE h.run_id = a.id) THEN 'waiting' ELSE 'pending' END,
    attempts = CASE a.status WHEN 'failed' THEN 0 ELSE a.attempts END
FROM unnest(%b::bigint[], %b::text[]) u(instance, invocation)
WHERE a.instance_id = u.instance AND a.invocation = u.invocation AND a.status IN ('failed', 'pending')
RETURNING a.id"""

# Take a due activity under a lease; the attempt is counted before it runs, so that a crash counts too.
_CLAIM = """
UPDATE runtime_activityrun SET status = 'running', attempts = attempts + 1, fence = fence + 1, worker = %(worker)s,
    started_at = now(), lease_until = now() + %(lease)s * interval '1 second'
WHERE id = %(id)s AND status = 'pending' AND due <= now()
RETURNING id, instance_id, shard, invocation, activity, kind, spec, idempotency_key, compensates, attempts, fence"""

# Keep a lease that is still ours.
_EXTEND = """
UPDATE runtime_activityrun SET lease_until = now() + %s * interval '1 second'
WHERE id = %s AND fence = %s AND status = 'running'"""

# Keep a lease that is still ours, and how far the work is.
_REPORT = """
UPDATE runtime_activityrun SET lease_until = now() + %s * interval '1 second', progress = %s, heartbeat_at = now()
WHERE id = %s AND fence = %s AND status = 'running'"""

# Record an outcome under the lease that led to it.
_FINISH = """
UPDATE runtime_activityrun SET status = %s, result = %s, last_error = %s, finished_at = now(), lease_until = NULL
WHERE id = %s AND fence = %s AND status = 'running'"""

# Put a failed attempt back for a later one.
_AGAIN = """
UPDATE runtime_activityrun
SET status = 'pending', last_error = %s, lease_until = NULL, due = now() + %s * interval '1 second'
WHERE id = %s AND fence = %s AND status = 'running'"""

# What came too late is kept to be seen, and nothing follows from it.
_LATE = "UPDATE runtime_activityrun SET late = %s WHERE id = %s"

# Answer the instance through its inbox, so that the answer is ordered and journaled. In event time it comes as long
# after the question as it took: the instance may relive its past.
_ANSWER = """
INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, data, source, actor, occurred_at)
SELECT instance_id, shard, 'activity', %s, %s, '', 'system', asked_at + (now() - created_at)
FROM runtime_activityrun WHERE id = %s"""

# Leases that ran out: the worker died or hangs.
_EXPIRED = """
SELECT id, instance_id, shard, invocation, activity, kind, spec, idempotency_key, compensates, attempts, fence
FROM runtime_activityrun WHERE status = 'running' AND lease_until < now()
ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED"""

# Activities whose time has come, each hinted at again only after a while: hints that pile up delay the fresh ones.
_DUE = """
UPDATE runtime_activityrun SET hinted_at = now() WHERE id = ANY(ARRAY(
    SELECT id FROM runtime_activityrun WHERE status = 'pending' AND due <= now()
        AND (hinted_at IS NULL OR hinted_at < due OR hinted_at < now() - %s * interval '1 second')
    ORDER BY due LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING id"""


def save(cursor: Cursor, writes: Writes) -> list[int]:
    """Store what a batch wants of activities; returns the ids of those to perform."""
    ready: list[int] = []
    if writes.cancelled:
        cursor.execute(_CANCEL, columns(writes.cancelled, BigInts, Texts))
    if writes.activities:
        rows = cursor.execute(_START, [SHARDS, *columns(writes.activities.values(), *_START_KINDS)])
        ready.extend(row[0] for row in rows if row[1] == "pending")
    if writes.retried:
        ready.extend(row[0] for row in cursor.execute(_RETRY, columns(writes.retried, BigInts, Texts)))
    return ready


def claim(cursor: Cursor, activity: int, worker: str, lease: float) -> Claimed | None:
    """The attempt to run, or None when another worker has it or it is not due."""
    row = cursor.execute(_CLAIM, {"id": activity, "worker": worker[:120], "lease": lease}).fetchone()
    return Claimed(*row) if row else None


def extend(cursor: Cursor, run: Claimed, lease: float) -> bool:
    """Whether the lease was still ours and is now longer."""
    return cursor.execute(_EXTEND, (lease, run.id, run.fence)).rowcount == 1


def report(cursor: Cursor, run: Claimed, lease: float, progress: str) -> bool:
    """Whether the lease was still ours and the progress is kept."""
    return cursor.execute(_REPORT, (lease, progress, run.id, run.fence)).rowcount == 1


def finish(cursor: Cursor, run: Claimed, status: str, result: str, error: str) -> bool:
    """Whether the outcome was recorded; False means that the lease was lost."""
    return cursor.execute(_FINISH, (status, result, error, run.id, run.fence)).rowcount == 1


def again(cursor: Cursor, run: Claimed, error: str, delay: float) -> bool:
    """Whether the next attempt was set; False means that the lease was lost."""
    return cursor.execute(_AGAIN, (error, delay, run.id, run.fence)).rowcount == 1


def late(cursor: Cursor, run: Claimed, text: str) -> None:
    cursor.execute(_LATE, (text, run.id))


def answer(cursor: Cursor, run: Claimed, name: str, data: str) -> None:
    cursor.execute(_ANSWER, (name, data, run.id))


def expired(cursor: Cursor, limit: int) -> list[Claimed]:
    """Attempts whose lease ran out, locked."""
    return [Claimed(*row) for row in cursor.execute(_EXPIRED, (limit,)).fetchall()]


def due(cursor: Cursor, limit: int, again_after: float) -> list[int]:
    """Due activities for which the sweep has sent no hint in the last `again_after` seconds."""
    return [row[0] for row in cursor.execute(_DUE, (again_after, limit)).fetchall()]
