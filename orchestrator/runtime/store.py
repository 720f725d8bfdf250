"""The statements at the heart of a batch: lock, claim, load, save. Correctness rests on the fence (`seq`).

Statements run on a server-side binding cursor inside the caller's transaction; none waits for the world outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

from orchestrator.runtime.arrays import BigInts, Ints, Moments, Texts, columns
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.live import Live
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.writes import InstanceWrite, JournalWrite

LOCK_SPACE = 20_113  # first key of our advisory locks, so that they meet nobody else's
EARLIEST, FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Cursor = psycopg.Cursor[tuple[Any, ...]]


class Fenced(Exception):
    """Another writer moved an instance of this batch first; nothing of the batch was stored."""


def shard_of(instance: int) -> int:
    """The shard that keeps this instance's inputs in order."""
    return instance % SHARDS


@contextmanager
def direct() -> Iterator[Cursor]:
    """A binary cursor on Django's connection, for one statement that is a transaction of its own."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw: psycopg.Connection[tuple[Any, ...]] = connection.connection
    with psycopg.Cursor(raw) as cursor:
        yield cursor


@contextmanager
def batch() -> Iterator[Cursor]:
    """One transaction with a binary cursor on Django's connection."""
    with transaction.atomic(), direct() as cursor:
        yield cursor


# Lock those of the wanted shards which no other worker drains; the locks end with the transaction.
_LOCK = "SELECT s FROM unnest(%b::int[]) s WHERE pg_try_advisory_xact_lock(%b, s)"

# Take the oldest inputs of each locked shard out of the inbox, past those which this drain has taken before.
_CLAIM = """
DELETE FROM runtime_inboxevent WHERE ctid = ANY(ARRAY(
    SELECT c.ctid FROM unnest(%b::int[], %b::bigint[]) u(s, taken) CROSS JOIN LATERAL (
        SELECT ctid FROM runtime_inboxevent WHERE shard = u.s AND id > u.taken ORDER BY id LIMIT %b) c
    LIMIT %b))
RETURNING id, instance_id, kind, name, data, source, actor, occurred_at, attempts, hops, shard, received_at"""

# Read the instances of a batch.
_LOAD = """
SELECT id, machine_id, version_id, part, key, status, configuration, snapshot, seq, updated_at, next_due, parent_id,
    invocation, activity, depth
FROM runtime_instance WHERE id = ANY(%b)"""

# Write the instances back, each only if nobody moved it since it was read.
_SAVE = """
UPDATE runtime_instance t SET seq = u.seq, version_id = u.version, status = u.status, configuration = u.configuration,
    snapshot = u.snapshot, updated_at = u.updated_at, next_due = u.next_due,
    finished_at = CASE WHEN u.status IN ('completed', 'failed', 'compensated', 'cancelled')
        THEN coalesce(t.finished_at, u.updated_at) END
FROM unnest(%b::bigint[], %b::int[], %b::int[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
    %b::timestamptz[]) u(id, expected, seq, version, status, configuration, snapshot, updated_at, next_due)
WHERE t.id = u.id AND t.seq = u.expected"""
_SAVE_KINDS = (BigInts, Ints, Ints, BigInts, Texts, Texts, Texts, Moments, Moments)

# Append to the history.
_JOURNAL = """
COPY runtime_journalentry (instance_id, seq, event, kind, name, data, outcome, detail, source, actor, occurred_at)
FROM STDIN"""

# How PostgreSQL names a row of the history that it refuses.
_REFUSED = re.compile(r"COPY runtime_journalentry, line (\d+)")

# Count batches which this inbox row broke.
_COUNT_ATTEMPTS = "UPDATE runtime_inboxevent SET attempts = attempts + %(attempts)s WHERE id = %(id)s"

# A timer whose event broke its batch waits in the inbox, where attempts are counted.
_TIMER_TO_INBOX = """
WITH broken AS (DELETE FROM runtime_timer WHERE id = %(id)s RETURNING *)
INSERT INTO runtime_inboxevent (attempts, instance_id, shard, kind, name, data, source, actor, occurred_at)
SELECT %(attempts)s, instance_id, shard, 'timer', event, data, ref, 'system', due FROM broken"""

# Shards with something to apply now.
_WAITING = """
SELECT s FROM unnest(%b::int[]) s WHERE EXISTS (SELECT 1 FROM runtime_inboxevent WHERE shard = s)
    OR EXISTS (SELECT 1 FROM runtime_timer WHERE shard = s AND wake <= now())"""


class Claim(NamedTuple):
    """Inbox rows in order. `until` says for each shard up to when all that was received is among them."""

    inputs: list[Input]
    until: dict[int, datetime]
    taken: dict[int, int]  # shard -> last id

    @property
    def more(self) -> bool:
        """Whether rows were left for the next batch."""
        return any(moment is not FOREVER for moment in self.until.values())


def lock(cursor: Cursor, shards: Sequence[int]) -> list[int]:
    """The shards which this transaction may drain."""
    return [row[0] for row in cursor.execute(_LOCK, (Ints(shards), LOCK_SPACE), binary=True)]


def claim(cursor: Cursor, shards: Sequence[int], limit: int, taken: Mapping[int, int]) -> Claim:
    """The oldest inbox rows of locked shards, at most about `limit` and of each shard an equal share.

    `taken` are the last ids that were claimed before: what is dead below them need not be walked over again.
    """
    share, most = shares(limit, len(shards))
    floors = BigInts(taken.get(shard, -1) for shard in shards)
    rows = cursor.execute(_CLAIM, (Ints(shards), floors, share, most), binary=True).fetchall()
    rows.sort()
    counts: dict[int, int] = {}
    latest: dict[int, tuple[int, datetime]] = {}
    for row in rows:
        counts[row[10]] = counts.get(row[10], 0) + 1
        latest[row[10]] = (row[0], row[11])
    until = {
        shard: FOREVER if len(rows) < most and counts.get(shard, 0) < share else latest.get(shard, (0, EARLIEST))[1]
        for shard in shards
    }
    return Claim([Input(*row[:10]) for row in rows], until, {shard: last[0] for shard, last in latest.items()})


def shares(limit: int, shards: int) -> tuple[int, int]:
    """How many rows to take of each shard, and of all together."""
    share = -(-limit // shards)
    return share, max(limit, share * shards) if limit >= shards else limit


def load(cursor: Cursor, instances: Sequence[int]) -> list[Live]:
    return [Live(*row) for row in cursor.execute(_LOAD, (BigInts(instances),), binary=True)]


def save(cursor: Cursor, instances: Sequence[InstanceWrite], journal: Sequence[JournalWrite]) -> None:
    """Store where the instances stand and what happened to them. Raises Fenced when another writer was first."""
    if not instances:
        return
    saved = cursor.execute(_SAVE, columns(instances, *_SAVE_KINDS)).rowcount
    if saved != len(instances):
        raise Fenced(f"{len(instances) - saved} of {len(instances)} instances had moved")
    with cursor.copy(_JOURNAL) as copy:
        for row in journal:
            copy.write_row(row)


def refused_line(error: BaseException) -> int:
    """Which of the journal rows PostgreSQL refused, counted from 1; 0 if the error is about something else."""
    diagnosis = getattr(error, "diag", None)
    found = _REFUSED.match((diagnosis and diagnosis.context) or "")
    return int(found[1]) if found else 0


def count_attempts(cursor: Cursor, broken: Input, attempts: int = 1) -> None:
    """Remember outside the failed batch that this input broke it."""
    statement = _TIMER_TO_INBOX if broken.kind == "timer" and not broken.attempts else _COUNT_ATTEMPTS
    cursor.execute(statement, {"id": broken.id, "attempts": attempts})


def waiting(cursor: Cursor, shards: Sequence[int]) -> list[int]:
    """Those of the shards with something to apply now."""
    return [row[0] for row in cursor.execute(_WAITING, (Ints(shards),), binary=True)]
