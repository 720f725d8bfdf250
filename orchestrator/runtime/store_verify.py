"""The reading statements of `manage.py verify`: one snapshot for all, streamed, so that drains may run meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

Database = psycopg.Connection[tuple[Any, ...]]
Given = dict[str, Any]  # machine, sample and grace, each None when it does not narrow the check
ROWS_AT_ONCE = 200


class InstanceRow(NamedTuple):
    """`origin` is the version in which the instance was started."""

    id: int
    version: int
    origin: int
    part: str
    parent: int | None
    key: str
    seq: int
    snapshot: str


class JournalRow(NamedTuple):
    instance: int
    seq: int
    event: int
    kind: str
    name: str
    data: str
    outcome: str
    source: str
    actor: str
    occurred_at: datetime


class RunRow(NamedTuple):
    instance: int
    invocation: str
    compensates: str
    status: str


# See what was committed when the check began, and nothing that comes later.
_ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# Some instances by chance.
_SAMPLE = """
SELECT i.id FROM runtime_instance i
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) ORDER BY random() LIMIT %(count)s"""

# The chosen instances, their journals and their side effects, each in the order of instances.
INSTANCES = """
SELECT i.id, i.version_id, coalesce((
        SELECT (j.data::json ->> 'from')::bigint FROM runtime_journalentry j
        WHERE j.instance_id = i.id AND j.kind = 'command' AND j.name = 'migrate' AND j.outcome = 'applied'
        ORDER BY j.seq LIMIT 1), i.version_id), i.part, i.parent_id, i.key, i.seq, i.snapshot FROM runtime_instance i
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) AND i.id = ANY(coalesce(%(sample)s::bigint[], ARRAY[i.id]))
ORDER BY i.id"""
JOURNALS = """
SELECT j.instance_id, j.seq, j.event, j.kind, j.name, j.data, j.outcome, j.source, j.actor, j.occurred_at
FROM runtime_journalentry j JOIN runtime_instance i ON i.id = j.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) AND i.id = ANY(coalesce(%(sample)s::bigint[], ARRAY[i.id]))
ORDER BY j.instance_id, j.seq"""
RUNS = """
SELECT r.instance_id, r.invocation, r.compensates, r.status
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) AND i.id = ANY(coalesce(%(sample)s::bigint[], ARRAY[i.id]))
ORDER BY r.instance_id, r.id"""

# I1: acknowledged keys, for the count.
KEYS = """
SELECT count(*) FROM runtime_eventkey k JOIN runtime_instance i ON i.id = k.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I1: acknowledged keys whose event is neither waiting nor in the journal.
LOST_KEYS = """
SELECT k.instance_id, k.key, k.event FROM runtime_eventkey k JOIN runtime_instance i ON i.id = k.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id)
    AND NOT EXISTS (SELECT 1 FROM runtime_inboxevent e WHERE e.id = k.event AND e.instance_id = k.instance_id)
    AND NOT EXISTS (SELECT 1 FROM runtime_journalentry j
        WHERE j.instance_id = k.instance_id AND j.event = k.event AND j.kind = 'event')"""

# I1: keys that were acknowledged for two events.
REPEATED_KEYS = """
SELECT min(k.instance_id), k.key, k.source, count(*)
FROM runtime_eventkey k JOIN runtime_instance i ON i.id = k.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) GROUP BY k.source, k.key HAVING count(*) > 1"""

# I1: inputs with two rows in journals and inbox; a timer has a number of its own and goes with its transaction.
REPEATED_INPUTS = """
SELECT min(t.instance_id), t.event, count(*) FROM (
    SELECT event, instance_id FROM runtime_journalentry WHERE kind <> 'timer'
    UNION ALL SELECT id, instance_id FROM runtime_inboxevent WHERE kind <> 'timer') t
JOIN runtime_instance i ON i.id = t.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) GROUP BY t.event HAVING count(*) > 1"""

# I2 and I6: instances, for the count.
COUNTED = "SELECT count(*) FROM runtime_instance i WHERE i.machine_id = coalesce(%(machine)s, i.machine_id)"

# I2: journals which do not number their rows 1, 2, 3 and so on.
GAPS = """
SELECT j.instance_id, count(*), count(DISTINCT j.seq), min(j.seq), max(j.seq)
FROM runtime_journalentry j JOIN runtime_instance i ON i.id = j.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id)
GROUP BY j.instance_id HAVING count(*) <> max(j.seq) OR count(DISTINCT j.seq) <> count(*) OR min(j.seq) <> 1"""

# I2: journals of nobody.
ORPHANS = """
SELECT j.instance_id, count(*) FROM runtime_journalentry j
WHERE %(machine)s::bigint IS NULL AND NOT EXISTS (SELECT 1 FROM runtime_instance i WHERE i.id = j.instance_id)
GROUP BY j.instance_id"""

# I4: side effects, for the count.
EFFECTS = """
SELECT count(*) FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I4: side effects that were stored twice.
REPEATED_EFFECTS = """
SELECT r.instance_id, r.invocation, count(*)
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id) GROUP BY r.instance_id, r.invocation HAVING count(*) > 1"""

# I5: all that waits, for the count.
WAITING = """
SELECT (SELECT count(*) FROM runtime_inboxevent e JOIN runtime_instance i ON i.id = e.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id))
    + (SELECT count(*) FROM runtime_timer t JOIN runtime_instance i ON i.id = t.instance_id
WHERE i.machine_id = coalesce(%(machine)s, i.machine_id))
    + (SELECT count(*) FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
        WHERE r.status IN ('pending', 'running') AND i.machine_id = coalesce(%(machine)s, i.machine_id))"""

# I5: inputs which nobody applies; those of suspended instances may wait.
OVERDUE_INPUTS = """
SELECT e.instance_id, e.id, e.name, e.received_at
FROM runtime_inboxevent e JOIN runtime_instance i ON i.id = e.instance_id
WHERE e.shard >= 0 AND e.received_at < now() - %(grace)s * interval '1 second'
    AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I5: timers which nobody fires, and deadlines which nobody judges.
OVERDUE_TIMERS = """
SELECT t.instance_id, t.kind, t.ref, t.wake FROM runtime_timer t JOIN runtime_instance i ON i.id = t.instance_id
WHERE t.shard >= 0 AND t.wake < now() - %(grace)s * interval '1 second'
    AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I5: side effects which nobody starts, and leases which nobody takes back.
OVERDUE_EFFECTS = """
SELECT r.instance_id, r.invocation, r.status, CASE r.status WHEN 'running' THEN r.lease_until ELSE r.due END
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE (r.status = 'pending' AND r.due < now() - %(grace)s * interval '1 second'
    OR r.status = 'running' AND r.lease_until < now() - %(grace)s * interval '1 second')
    AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I5: failed instances of which nobody is told.
UNTOLD = """
SELECT i.id FROM runtime_instance i WHERE i.status = 'failed' AND i.machine_id = coalesce(%(machine)s, i.machine_id)
    AND NOT EXISTS (SELECT 1 FROM runtime_incident n WHERE n.instance_id = i.id AND n.resolved_at IS NULL)"""

# I6: instances whose fence is not the number of their last journal row.
FENCES = """
SELECT i.id, i.seq, j.last FROM runtime_instance i CROSS JOIN LATERAL (
    SELECT coalesce(max(seq), 0) AS last FROM runtime_journalentry WHERE instance_id = i.id) j
WHERE i.seq <> j.last AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I6: attempts which took no fence, and leases that outlived their attempt.
LEASES = """
SELECT r.instance_id, r.invocation, r.status, r.fence, r.attempts
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE (r.fence < r.attempts OR (r.status = 'running') <> (r.lease_until IS NOT NULL))
    AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I7: compensations, for the count.
COMPENSATIONS = """
SELECT count(*) FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE r.compensates <> '' AND i.machine_id = coalesce(%(machine)s, i.machine_id)"""

# I7: side effects which were undone twice.
UNDONE_TWICE = """
SELECT r.instance_id, r.compensates, count(*)
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE r.compensates <> '' AND r.status = 'done' AND i.machine_id = coalesce(%(machine)s, i.machine_id)
GROUP BY r.instance_id, r.compensates HAVING count(*) > 1"""

# I7: restarts of one compensation under another key, which a receiver would take for another one.
OTHER_KEYS = """
SELECT r.instance_id, r.compensates, count(DISTINCT r.idempotency_key)
FROM runtime_activityrun r JOIN runtime_instance i ON i.id = r.instance_id
WHERE r.compensates <> '' AND i.machine_id = coalesce(%(machine)s, i.machine_id)
GROUP BY r.instance_id, r.compensates HAVING count(DISTINCT r.idempotency_key) > 1"""


@contextmanager
def one_snapshot() -> Iterator[Database]:
    """One view of the database for all checks; inside a transaction of the caller it is the view of that one."""
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute(_ONE_SNAPSHOT)
        yield connection.connection


def sampled(database: Database, machine: int | None, count: int) -> list[int]:
    """At most so many instances, by chance."""
    return [row[0] for row in database.execute(_SAMPLE, {"machine": machine, "count": count})]


def number(database: Database, statement: str, given: Given) -> int:
    """What a counting statement counts."""
    row = database.execute(statement, given).fetchone()
    return int(row[0]) if row else 0


def streamed(database: Database, name: str, statement: str, given: Given) -> Iterator[tuple[Any, ...]]:
    """All rows through a cursor in the server, so that no table has to fit into memory."""
    with database.cursor(name) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(statement, given)
