"""The bulk statements of the way in: find or make instances, remember idempotency keys, fill the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.runtime.arrays import BigInts, Moments, Texts, columns
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.store import Cursor, shard_of
from orchestrator.statechart.snapshot import FINISHED


class Target(NamedTuple):
    """An instance as far as the way in needs it."""

    id: int
    machine: int
    key: str
    status: str
    seq: int


class KnownMachine(NamedTuple):
    """A machine that is started or sent to; `version` is None while it is unpublished."""

    id: int
    version: int | None
    key_policy: str


class NewInstance(NamedTuple):
    machine: int
    version: int
    key: str
    correlation: str
    started_at: datetime


class InboxRow(NamedTuple):
    id: int
    instance: int
    kind: str
    name: str
    data: str
    source: str
    actor: str
    occurred_at: datetime


class KeyRow(NamedTuple):
    source: str
    key: str
    payload_hash: str
    event: int
    instance: int


class KnownKey(NamedTuple):
    """An idempotency key that was used: for which event of which instance, and the business key of that."""

    payload_hash: str
    event: int
    instance: int
    business_key: str


# Machines by slug with their current version and what a key that is taken means.
_MACHINES = "SELECT slug, id, current_id, key_policy FROM definitions_machine WHERE slug = ANY(%s)"

# Instances by id.
_BY_ID = "SELECT id, machine_id, key, status, seq FROM runtime_instance WHERE id = ANY(%s)"

# The current instances by business key.
_BY_KEY = """
SELECT i.id, i.machine_id, i.key, i.status, i.seq FROM unnest(%b::bigint[], %b::text[]) u(machine, key)
JOIN runtime_instance i ON i.machine_id = u.machine AND i.key = u.key AND i.current"""

# New instances; a key that has a current one is skipped. Sorted by key, so that two bulk starts cannot deadlock.
_NEW = """
INSERT INTO runtime_instance (machine_id, version_id, key, correlation, status, configuration, snapshot, seq,
    started_at, updated_at)
SELECT machine, version, key, correlation, 'running', '', '{}', 0, started_at, started_at
FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::timestamptz[])
    u(machine, version, key, correlation, started_at)
ORDER BY machine, key
ON CONFLICT (machine_id, key) WHERE current DO NOTHING RETURNING id, machine_id, key, status, seq"""

# Runs that have ended give their keys to the next ones; who was quicker wins. Locked in order against deadlocks.
_RETIRE = """
WITH over AS (
    SELECT id FROM runtime_instance WHERE id = ANY(%(ids)s) AND current AND status = ANY(%(ended)s)
    ORDER BY id FOR UPDATE)
UPDATE runtime_instance i SET current = false FROM over WHERE i.id = over.id RETURNING i.id"""

# Instances of this very transaction whose only event was refused.
_DISCARD = "DELETE FROM runtime_instance WHERE id = ANY(%s) AND seq = 0"

# Runs that were retired for those get their keys back.
_REINSTATE = "UPDATE runtime_instance SET current = true WHERE id = ANY(%s)"

# Inbox ids in the order of the request, and the database clock.
_IDS = """
SELECT nextval(pg_get_serial_sequence('runtime_inboxevent', 'id')), clock_timestamp() FROM generate_series(1, %s)"""

# Idempotency keys that were used before.
_KEYS = """
SELECT k.source, k.key, k.payload_hash, k.event, k.instance_id, coalesce(i.key, a.key, '')
FROM unnest(%b::text[], %b::text[]) u(source, key)
JOIN runtime_eventkey k ON k.source = u.source AND k.key = u.key
LEFT JOIN runtime_instance i ON i.id = k.instance_id
LEFT JOIN runtime_archivedinstance a ON a.instance = k.instance_id"""

# Remember idempotency keys; a key that a concurrent request took first is skipped. Sorted against deadlocks.
_REMEMBER = """
INSERT INTO runtime_eventkey (source, key, payload_hash, event, instance_id)
SELECT *
FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[]) u(source, key, hash, event, instance)
ORDER BY source, key ON CONFLICT (source, key) DO NOTHING RETURNING event"""

# Fill the inbox.
_INBOX = """
COPY runtime_inboxevent (id, instance_id, shard, kind, name, data, source, actor, occurred_at) FROM STDIN"""


# Accept one event in one statement: nothing happens unless the instance is there and its idempotency key is new.
_ACCEPT = """
WITH target AS MATERIALIZED (
    SELECT i.id, i.machine_id, nextval(pg_get_serial_sequence('runtime_inboxevent', 'id')) AS event
    FROM runtime_instance i {where} AND i.status NOT IN ('completed', 'failed', 'compensated', 'cancelled')
        AND i.seq < %(history_limit)b
), taken AS (
    INSERT INTO runtime_eventkey (source, key, payload_hash, event, instance_id)
    SELECT machine_id || '/' || %(source)b, %(idempotency_key)b, %(payload_hash)b, event, id
    FROM target WHERE %(idempotency_key)b <> '' ON CONFLICT (source, key) DO NOTHING RETURNING event
)
INSERT INTO runtime_inboxevent (id, instance_id, shard, kind, name, data, source, actor, occurred_at)
SELECT event, id, id %% {shards}, 'event', %(name)b, %(data)b, %(source)b, %(actor)b,
    least(coalesce(%(occurred_at)b::timestamptz, clock_timestamp()), clock_timestamp())
FROM target WHERE %(idempotency_key)b = '' OR EXISTS (SELECT FROM taken) RETURNING id, instance_id, shard"""
_ACCEPT_BY_ID = _ACCEPT.format(where="WHERE i.id = %(instance)b", shards=SHARDS)
_ACCEPT_BY_KEY = _ACCEPT.format(
    where="""JOIN definitions_machine m ON m.id = i.machine_id
    WHERE i.current AND m.slug = %(machine)b AND i.key = %(key)b""",
    shards=SHARDS,
)


def accept(cursor: Cursor, given: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """(event, instance, shard) when an event was stored at once; None when there is something to be said about it."""
    statement = _ACCEPT_BY_KEY if given["instance"] is None else _ACCEPT_BY_ID
    row = cursor.execute(statement, given).fetchone()
    return (row[0], row[1], row[2]) if row else None


def machines(cursor: Cursor, slugs: Iterable[str]) -> dict[str, KnownMachine]:
    """Those which exist, by slug."""
    return {row[0]: KnownMachine(*row[1:]) for row in cursor.execute(_MACHINES, (sorted(set(slugs)),))}


def by_id(cursor: Cursor, instances: Iterable[int]) -> dict[int, Target]:
    wanted = sorted(set(instances))
    return {row[0]: Target(*row) for row in cursor.execute(_BY_ID, (wanted,))} if wanted else {}


def by_key(cursor: Cursor, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Target]:
    return _by_pair(cursor, _BY_KEY, columns(sorted(set(keys)), BigInts, Texts))


def create(cursor: Cursor, rows: Sequence[NewInstance]) -> dict[tuple[int, str], Target]:
    """(machine, key) -> the instances that were really made."""
    return _by_pair(cursor, _NEW, columns(rows, BigInts, BigInts, Texts, Texts, Moments))


def retire(cursor: Cursor, instances: Sequence[int]) -> set[int]:
    """Those of the ended instances which this transaction took their keys from."""
    given = {"ids": list(instances), "ended": sorted(FINISHED)}
    return {row[0] for row in cursor.execute(_RETIRE, given)} if instances else set()


def discard(cursor: Cursor, instances: Sequence[int], retired: Mapping[int, int]) -> None:
    """Undo the making of instances which nothing was accepted for; `retired` maps such a one to the run before it."""
    if instances:
        cursor.execute(_DISCARD, (list(instances),))
    before = [retired[instance] for instance in instances if instance in retired]
    if before:
        cursor.execute(_REINSTATE, (before,))


def _by_pair(cursor: Cursor, statement: str, given: Sequence[list[Any]]) -> dict[tuple[int, str], Target]:
    found = [Target(*row) for row in cursor.execute(statement, given)] if given[0] else []
    return {(target.machine, target.key): target for target in found}


def new_ids(cursor: Cursor, count: int) -> tuple[list[int], datetime]:
    """Ids for `count` (at least one) inbox rows, ascending, and the time by the database clock."""
    rows = cursor.execute(_IDS, (max(1, count),), binary=True).fetchall()
    return [row[0] for row in rows], rows[0][1]


def known_keys(cursor: Cursor, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownKey]:
    wanted = sorted(set(pairs))
    rows = cursor.execute(_KEYS, columns(wanted, Texts, Texts)).fetchall() if wanted else []
    return {(row[0], row[1]): KnownKey(*row[2:]) for row in rows}


def remember(cursor: Cursor, rows: Sequence[KeyRow]) -> set[int]:
    """Ids of the events whose key was new."""
    return (
        {row[0] for row in cursor.execute(_REMEMBER, columns(rows, Texts, Texts, Texts, BigInts, BigInts))}
        if rows
        else set()
    )


def fill_inbox(cursor: Cursor, rows: Sequence[InboxRow]) -> set[int]:
    """Store the rows; returns the shards they lie in."""
    if rows:
        with cursor.copy(_INBOX) as copy:
            for row in rows:
                copy.write_row((row.id, row.instance, shard_of(row.instance), *row[2:]))
    return {shard_of(row.instance) for row in rows}
