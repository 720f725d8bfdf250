"""Every lock, claim and bulk statement of a batch. Correctness rests on the fence (`seq`), not on the shard lock.

Statements run on a server-side binding cursor inside the caller's transaction; none waits for the world outside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction

from orchestrator.runtime.inputs import ENDED, Input
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.plan import Live
from orchestrator.runtime.writes import Writes

LOCK_SPACE = 20_113  # first key of our advisory locks, so that they meet nobody else's
Cursor = psycopg.Cursor[tuple[Any, ...]]


class Fenced(Exception):
    """Another writer moved an instance of this batch first; nothing of the batch was stored."""


def shard_of(instance: int) -> int:
    """The shard that keeps this instance's inputs in order."""
    return instance % SHARDS


@contextmanager
def batch() -> Iterator[Cursor]:
    """One transaction with a binary cursor on Django's connection."""
    with transaction.atomic():
        with connection.cursor():  # opens the connection
            pass
        raw: psycopg.Connection[tuple[Any, ...]] = connection.connection
        with psycopg.Cursor(raw) as cursor:
            yield cursor


# Lock those of the wanted shards which no other worker drains; the locks end with the transaction.
_LOCK = "SELECT s FROM unnest(%s::int[]) s WHERE pg_try_advisory_xact_lock(%s, s)"

# Take the oldest inputs of the locked shards out of the inbox.
_CLAIM = """
DELETE FROM runtime_inboxevent WHERE id = ANY(ARRAY(
    SELECT c.id FROM unnest(%(shards)s::smallint[]) s CROSS JOIN LATERAL (
        SELECT id FROM runtime_inboxevent WHERE shard = s ORDER BY id LIMIT %(limit)s) c
    ORDER BY c.id LIMIT %(limit)s))
RETURNING id, instance_id, kind, name, data, source, actor, occurred_at, attempts, received_at"""

# Take the due timers of the locked shards; the row goes with the same commit that applies its event.
_CLAIM_TIMERS = """
DELETE FROM runtime_timer WHERE id = ANY(ARRAY(
    SELECT c.id FROM unnest(%(shards)s::smallint[]) s CROSS JOIN LATERAL (
        SELECT id, due FROM runtime_timer WHERE shard = s AND due <= %(until)s AND due <= now() AND kind = 'event'
        ORDER BY due LIMIT %(limit)s) c
    ORDER BY c.due, c.id LIMIT %(limit)s))
RETURNING id, instance_id, 'timer', event, data, ref, 'system', due, 0::smallint"""

# Turn deadlines that have passed into incidents, still under the shard lock so that nobody leaves the state meanwhile.
_OVERDUE = """
WITH passed AS (
    DELETE FROM runtime_timer WHERE id = ANY(ARRAY(
        SELECT c.id FROM unnest(%(shards)s::smallint[]) s CROSS JOIN LATERAL (
            SELECT id FROM runtime_timer WHERE shard = s AND due <= now() AND kind = 'deadline'
            ORDER BY due LIMIT %(limit)s) c
        LIMIT %(limit)s))
    RETURNING instance_id, ref, since, data
)
INSERT INTO runtime_incident (instance_id, machine_id, version_id, kind, state, message, since, resolution)
SELECT i.id, i.machine_id, i.version_id, 'overdue', p.ref, p.data::json->>'message', p.since, ''
FROM passed p JOIN runtime_instance i ON i.id = p.instance_id ON CONFLICT DO NOTHING"""

# Read the instances of a batch.
_LOAD = """
SELECT id, machine_id, version_id, key, status, configuration, snapshot, seq, updated_at, finished_at
FROM runtime_instance WHERE id = ANY(%s)"""

# Write the instances back, each only if nobody moved it since it was read.
_SAVE = """
UPDATE runtime_instance t SET seq = u.seq, status = u.status, configuration = u.configuration, snapshot = u.snapshot,
    updated_at = u.updated_at, finished_at = u.finished_at
FROM unnest(%b::bigint[], %b::int[], %b::int[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
    %b::timestamptz[]) u(id, expected, seq, status, configuration, snapshot, updated_at, finished_at)
WHERE t.id = u.id AND t.seq = u.expected"""

# Append to the history.
_JOURNAL = """
COPY runtime_journalentry (instance_id, seq, event, kind, name, data, outcome, detail, source, actor, occurred_at)
FROM STDIN"""

# Drop timers and deadlines which a step cancelled.
_DROP_TIMERS = """
DELETE FROM runtime_timer t USING unnest(%b::bigint[], %b::text[], %b::text[]) u(instance, kind, ref)
WHERE t.instance_id = u.instance AND t.kind = u.kind AND t.ref = u.ref"""

# Drop what instances that ended still waited for.
_DROP_ALL_TIMERS = "DELETE FROM runtime_timer WHERE instance_id = ANY(%s)"

# Set timers and deadlines, replacing those of the same id; a deadline of long past is judged only after it has settled.
_SET_TIMERS = """
INSERT INTO runtime_timer (instance_id, shard, kind, ref, event, data, since, due)
SELECT instance, instance %% %s, kind, ref, event, data, since,
    CASE kind WHEN 'deadline' THEN greatest(due, now() + least(due - since, %s * interval '1 second')) ELSE due END
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[])
    u(instance, kind, ref, event, data, since, due)
ON CONFLICT (instance_id, kind, ref) DO UPDATE
SET event = excluded.event, data = excluded.data, since = excluded.since, due = excluded.due"""

# Store side effects to be performed after the commit.
_START_ACTIVITIES = """
INSERT INTO runtime_activityrun (instance_id, shard, invocation, activity, state, kind, title, spec, idempotency_key,
    compensates, status, attempts, fence, worker, last_error, result, late)
SELECT instance, instance %% %s, invocation, activity, state, kind, title, spec, key,
    compensates, status, 0, 0, '', '', '', ''
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::text[])
    u(instance, invocation, activity, state, kind, title, spec, key, compensates, status)
RETURNING id, status"""

# Stop waiting for side effects whose state was left; one that is under way loses its lease.
_CANCEL_ACTIVITIES = """
UPDATE runtime_activityrun a SET status = 'cancelled', finished_at = now(), lease_until = NULL, fence = fence + 1
FROM unnest(%b::bigint[], %b::text[]) u(instance, invocation)
WHERE a.instance_id = u.instance AND a.invocation = u.invocation AND a.status IN ('pending', 'running')"""

# Try failed side effects again at once, and those which wait for their next attempt.
_RETRY_ACTIVITIES = """
UPDATE runtime_activityrun a SET status = 'pending', due = now(), finished_at = NULL,
    attempts = CASE a.status WHEN 'failed' THEN 0 ELSE a.attempts END
FROM unnest(%b::bigint[], %b::text[]) u(instance, invocation)
WHERE a.instance_id = u.instance AND a.invocation = u.invocation AND a.status IN ('failed', 'pending')
RETURNING a.id"""

# Resolve what was open about states that were left.
_RESOLVE_LEFT = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = 'moved on'
FROM unnest(%b::bigint[], %b::text[]) u(instance, state)
WHERE n.instance_id = u.instance AND n.state = u.state AND n.resolved_at IS NULL"""

# Resolve all that was open about instances which ended or are tried again.
_RESOLVE_ENDED = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = u.resolution
FROM unnest(%b::bigint[], %b::text[]) u(instance, resolution)
WHERE n.instance_id = u.instance AND n.resolved_at IS NULL"""

# Resolve the failures that are tried again, and those which had stopped the whole instance.
_RESOLVE_RESTARTED = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = 'retried'
FROM unnest(%b::bigint[], %b::bool[]) u(instance, whole)
WHERE n.instance_id = u.instance AND n.resolved_at IS NULL
    AND (n.kind IN ('activity-failed', 'compensation-failed') OR (u.whole AND n.kind IN ('loop', 'poison')))"""

# Open incidents; one that is open already stays as it is.
_OPEN_INCIDENTS = """
INSERT INTO runtime_incident (instance_id, machine_id, version_id, kind, state, message, since, resolution)
SELECT u.*, ''
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[]) u
ON CONFLICT DO NOTHING"""

# Count a batch which this inbox row alone broke.
_COUNT_ATTEMPT = "UPDATE runtime_inboxevent SET attempts = attempts + 1 WHERE id = %s"

# A timer whose event broke its batch waits in the inbox, where attempts are counted.
_TIMER_TO_INBOX = """
WITH broken AS (DELETE FROM runtime_timer WHERE id = %s RETURNING *)
INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, data, source, actor, occurred_at, attempts)
SELECT instance_id, shard, 'timer', event, data, ref, 'system', due, 1 FROM broken"""

# Shards with something to apply now.
_WAITING = """
SELECT s FROM unnest(%s::smallint[]) s WHERE EXISTS (SELECT 1 FROM runtime_inboxevent WHERE shard = s)
    OR EXISTS (SELECT 1 FROM runtime_timer WHERE shard = s AND due <= now())"""


def lock(cursor: Cursor, shards: Sequence[int]) -> list[int]:
    """The shards which this transaction may drain."""
    return [row[0] for row in cursor.execute(_LOCK, (list(shards), LOCK_SPACE), binary=True)]


def claim(cursor: Cursor, shards: Sequence[int], limit: int) -> list[Input]:
    """The oldest inbox rows and the due timers of locked shards in the order of time, at most `limit` of each.

    A timer waits for every inbox row that was received before it fell due: no answer in time loses to its timeout.
    """
    rows = cursor.execute(_CLAIM, {"shards": list(shards), "limit": limit}, binary=True).fetchall()
    rows.sort()
    until = rows[-1][-1] if len(rows) == limit else datetime.max.replace(tzinfo=UTC)
    given = {"shards": list(shards), "limit": limit, "until": until}
    timers = cursor.execute(_CLAIM_TIMERS, given, binary=True).fetchall()
    return list(_in_time(rows, [Input(*row) for row in timers]))


def _in_time(rows: Sequence[tuple[Any, ...]], timers: list[Input]) -> Iterator[Input]:
    """Inbox rows in their own order, each after the timers which fell due before it was received."""
    waiting = deque(sorted(timers, key=lambda timer: (timer.occurred_at, timer.id)))
    for *row, received_at in rows:
        while waiting and waiting[0].occurred_at < received_at:
            yield waiting.popleft()
        yield Input(*row)
    yield from waiting


def raise_overdue(cursor: Cursor, shards: Sequence[int], limit: int) -> int:
    """How many passed deadlines of locked shards were judged."""
    return cursor.execute(_OVERDUE, {"shards": list(shards), "limit": limit}).rowcount


def load(cursor: Cursor, instances: Sequence[int]) -> list[Live]:
    return [Live(*row) for row in cursor.execute(_LOAD, (list(instances),), binary=True)]


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows turned into one list per column, as unnest takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def save(cursor: Cursor, writes: Writes) -> list[int]:
    """Store a planned batch; returns the ids of activities to perform. Raises Fenced when another writer was first."""
    if writes.instances:
        saved = cursor.execute(_SAVE, columns(writes.instances)).rowcount
        if saved != len(writes.instances):
            raise Fenced(f"{len(writes.instances) - saved} of {len(writes.instances)} instances had moved")
        with cursor.copy(_JOURNAL) as copy:
            for row in writes.journal:
                copy.write_row(row)
    _save_timers(cursor, writes)
    _save_incidents(cursor, writes)
    return _save_activities(cursor, writes)


def _save_timers(cursor: Cursor, writes: Writes) -> None:
    gone = [key for key, timer in writes.timers.items() if timer is None]
    if gone:
        cursor.execute(_DROP_TIMERS, columns(gone))
    due = [timer for timer in writes.timers.values() if timer is not None]
    if due:
        cursor.execute(_SET_TIMERS, [SHARDS, settings.STALL_SETTLE, *columns(due)])
    closed = [instance for instance, resolution in writes.ended.items() if resolution in ENDED]
    if closed:
        cursor.execute(_DROP_ALL_TIMERS, (closed,))


def _save_incidents(cursor: Cursor, writes: Writes) -> None:
    if writes.left:
        cursor.execute(_RESOLVE_LEFT, columns(sorted(writes.left)))
    if writes.ended:
        cursor.execute(_RESOLVE_ENDED, columns(sorted(writes.ended.items())))
    if writes.restarted:
        cursor.execute(_RESOLVE_RESTARTED, columns(sorted(writes.restarted.items())))
    if writes.incidents:
        cursor.execute(_OPEN_INCIDENTS, columns(list(writes.incidents.values())))


def _save_activities(cursor: Cursor, writes: Writes) -> list[int]:
    ready: list[int] = []
    if writes.cancelled:
        cursor.execute(_CANCEL_ACTIVITIES, columns(sorted(writes.cancelled)))
    if writes.activities:
        rows = cursor.execute(_START_ACTIVITIES, [SHARDS, *columns(list(writes.activities.values()))])
        ready.extend(row[0] for row in rows if row[1] == "pending")
    if writes.retried:
        ready.extend(row[0] for row in cursor.execute(_RETRY_ACTIVITIES, columns(sorted(writes.retried))))
    return ready


def count_attempt(cursor: Cursor, broken: Input) -> None:
    """Remember outside the failed batch that this input alone broke it."""
    statement = _TIMER_TO_INBOX if broken.kind == "timer" and not broken.attempts else _COUNT_ATTEMPT
    cursor.execute(statement, (broken.id,))


def waiting(cursor: Cursor, shards: Sequence[int]) -> list[int]:
    """Those of the shards with something to apply now."""
    return [row[0] for row in cursor.execute(_WAITING, (list(shards),), binary=True)]
