"""The statements of human tasks: open with their batch, lock, hand over, answer under a fence, call when overdue."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from orchestrator.runtime import store
from orchestrator.runtime.arrays import columns
from orchestrator.runtime.human import task_of
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.store_activities import Claimed
from orchestrator.runtime.writes import Writes

OVERDUE = 500  # tasks judged by one sweep


class LockedTask(NamedTuple):
    """A task whose activity is locked; `status` is that of the activity."""

    status: str
    assignee: str
    group: str
    finished_at: datetime | None


# Open the tasks of activities that this batch stored.
_OPEN = """
INSERT INTO runtime_humantask (run_id, machine_id, title, assignee, "group", due, judge_at)
SELECT a.id, i.machine_id, coalesce(nullif(u.title, ''), a.title), u.assignee, u.grp, d.due, d.due
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::float8[], %b::timestamptz[])
    u(instance, invocation, title, assignee, grp, due_in, due_at)
JOIN runtime_activityrun a ON a.instance_id = u.instance AND a.invocation = u.invocation
JOIN runtime_instance i ON i.id = a.instance_id
CROSS JOIN LATERAL (SELECT coalesce(u.due_at, now() + u.due_in * interval '1 second') AS due) d"""

# A rejected task that an operator retries is judged anew.
_REOPEN = """
UPDATE runtime_humantask h SET judge_at = h.due
FROM unnest(%b::bigint[], %b::text[]) u(instance, invocation)
JOIN runtime_activityrun a ON a.instance_id = u.instance AND a.invocation = u.invocation
WHERE h.run_id = a.id AND a.status = 'waiting'"""

# Lock the activity of a task, so that of two who act at once the second sees what the first did.
_LOCK = """
SELECT a.id, a.instance_id, a.shard, a.invocation, a.activity, a.kind, a.spec, a.idempotency_key, a.compensates,
    a.attempts, a.fence, a.status, h.assignee, h."group", a.finished_at
FROM runtime_activityrun a JOIN runtime_humantask h ON h.run_id = a.id
WHERE a.id = %s FOR UPDATE OF a, h"""

# Hand a task to somebody, or to nobody of its group.
_ASSIGN = "UPDATE runtime_humantask SET assignee = %s WHERE run_id = %s"

# Record the outcome of a task under the fence that was read; the fence moves on, so that it happens once.
_FINISH = """
UPDATE runtime_activityrun SET status = %s, result = %s, last_error = %s, finished_at = now(), fence = fence + 1,
    attempts = attempts + 1
WHERE id = %s AND fence = %s AND status = 'waiting'"""

# Tell the instance through its inbox who answered what.
_ANSWER = """
INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, data, source, actor)
VALUES (%s, %s, 'activity', %s, %s, '', %s)"""

# Keep who did what with a task, and why.
_NOTE = "INSERT INTO runtime_taskentry (task_id, action, actor, reason, detail) VALUES (%s, %s, %s, %s, %s)"

# Shards with tasks that have passed their time untold.
_LATE_SHARDS = """
SELECT DISTINCT a.shard FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
WHERE a.status = 'waiting' AND h.judge_at <= now()"""

# Call somebody about passed tasks, under the shard lock so that nobody leaves the state meanwhile. Tasks of one state
# share an incident; one that is open for another reason is left to it.
_CALL = """
WITH late AS (
    SELECT h.run_id, a.instance_id, a.state, h.title, h.created_at, h.due, h.machine_id
    FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
    WHERE a.status = 'waiting' AND h.judge_at <= now() AND a.shard = ANY(%(shards)s)
    ORDER BY h.judge_at LIMIT %(limit)s FOR UPDATE OF a, h SKIP LOCKED
), opened AS (
    INSERT INTO runtime_incident (instance_id, machine_id, version_id, kind, state, message, since, resolution)
    SELECT DISTINCT ON (l.instance_id, l.state) l.instance_id, l.machine_id, i.version_id, 'overdue', l.state,
        'the task “' || l.title || '” was due ' || to_char(l.due AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC',
        l.created_at, ''
    FROM late l JOIN runtime_instance i ON i.id = l.instance_id ORDER BY l.instance_id, l.state, l.due
    ON CONFLICT DO NOTHING RETURNING id, instance_id, state
)
UPDATE runtime_humantask h SET judge_at = NULL, incident = coalesce(o.id, (
    SELECT max(s.incident) FROM runtime_humantask s JOIN runtime_activityrun b ON b.id = s.run_id
    WHERE b.instance_id = l.instance_id AND b.state = l.state AND b.status = 'waiting'))
FROM late l LEFT JOIN opened o ON o.instance_id = l.instance_id AND o.state = l.state WHERE h.run_id = l.run_id"""

# Close the incidents of tasks when none of them waits any more.
_CLOSE = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = 'answered'
WHERE n.resolved_at IS NULL AND n.id IN (
    SELECT h.incident FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
    WHERE h.incident IS NOT NULL AND a.status <> 'waiting')
AND NOT EXISTS (
    SELECT FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
    WHERE h.incident = n.id AND a.status = 'waiting')"""

# Forget the incidents of tasks that wait no more.
_FORGET = """
UPDATE runtime_humantask SET incident = NULL WHERE run_id = ANY(ARRAY(
    SELECT h.run_id FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
    WHERE h.incident IS NOT NULL AND a.status <> 'waiting' FOR UPDATE OF h SKIP LOCKED))"""

# Tasks whose time passes after they were answered need no judgement, so the next sweep does not find them again.
_SETTLE = """
UPDATE runtime_humantask SET judge_at = NULL WHERE run_id = ANY(ARRAY(
    SELECT h.run_id FROM runtime_humantask h JOIN runtime_activityrun a ON a.id = h.run_id
    WHERE h.judge_at <= now() AND a.status <> 'waiting' LIMIT %s FOR UPDATE OF h SKIP LOCKED))"""


def open_tasks(cursor: Cursor, writes: Writes) -> None:
    """Open the tasks among the activities which a batch has just stored, and anew those which it retried."""
    rows = []
    for run in writes.activities.values():
        if run.status == "waiting":
            task = task_of(json.loads(run.spec)["input"])
            given = (task.title, task.assignee, task.group, task.due_in, task.due_at)
            rows.append((run.instance, run.invocation, *given))
    if rows:
        cursor.execute(_OPEN, columns(rows))
    if writes.retried:
        cursor.execute(_REOPEN, columns(sorted(writes.retried)))


def lock(cursor: Cursor, run: int) -> tuple[Claimed, LockedTask] | None:
    """The activity and its task, locked until the end of the transaction; None when there is no such task."""
    row = cursor.execute(_LOCK, (run,)).fetchone()
    return (Claimed(*row[:11]), LockedTask(*row[11:])) if row else None


def assign(cursor: Cursor, run: Claimed, username: str) -> None:
    cursor.execute(_ASSIGN, (username, run.id))


def finish(cursor: Cursor, run: Claimed, status: str, result: str, error: str) -> bool:
    """Whether the outcome was recorded; False means that somebody was first."""
    return cursor.execute(_FINISH, (status, result, error, run.id, run.fence)).rowcount == 1


def answer(cursor: Cursor, run: Claimed, name: str, data: str, actor: str) -> None:
    cursor.execute(_ANSWER, (run.instance, run.shard, name, data, actor))


def note(cursor: Cursor, run: Claimed, action: str, actor: str, reason: str = "", detail: str = "") -> None:
    cursor.execute(_NOTE, (run.id, action, actor, reason, detail))


def late_shards(cursor: Cursor) -> list[int]:
    return [row[0] for row in cursor.execute(_LATE_SHARDS)]


def call(cursor: Cursor, shards: list[int]) -> int:
    """How many tasks passed their time in the shards that nobody else drains."""
    locked = store.lock(cursor, shards) if shards else []
    return cursor.execute(_CALL, {"shards": locked, "limit": OVERDUE}).rowcount if locked else 0


def close(cursor: Cursor) -> int:
    """How many incidents of tasks are over."""
    closed = cursor.execute(_CLOSE).rowcount
    cursor.execute(_FORGET)
    cursor.execute(_SETTLE, (OVERDUE,))
    return closed
