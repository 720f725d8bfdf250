"""The statements of retention: look at some rows, find those which have had their time, read them out, remove them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.store import Cursor

LINES_AT_ONCE = 200


class Looked(NamedTuple):
    """A row that was looked at; `size` is what reading it out costs, in journal rows."""

    id: int
    size: int
    old: bool


# Where the walk through a table stands; a walk which another sweep is on is left alone.
_BEGIN = "INSERT INTO runtime_walk (name, position) VALUES (%s, 0) ON CONFLICT DO NOTHING"
_POSITION = "SELECT position FROM runtime_walk WHERE name = %s FOR UPDATE SKIP LOCKED"
_MOVE = "UPDATE runtime_walk SET position = %s WHERE name = %s"

# Ended instances, by the database clock at their last journal row; one with anything under way has not had its time.
INSTANCES = """
WITH looked AS (
    SELECT id FROM runtime_instance WHERE id > %(after)s AND finished_at IS NOT NULL ORDER BY id LIMIT %(step)s)
SELECT i.id, i.seq, coalesce(i.status = ANY(%(ended)s) AND coalesce(p.keep_instances, %(keep)s) > 0
    AND j.recorded_at < now() - coalesce(p.keep_instances, %(keep)s) * interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM runtime_inboxevent e WHERE e.shard = i.id %% 64 AND e.instance_id = i.id)
    AND NOT EXISTS (
        SELECT 1 FROM runtime_activityrun r WHERE r.instance_id = i.id
            AND r.status IN ('pending', 'running', 'waiting', 'suspended')), false)
FROM looked l JOIN runtime_instance i ON i.id = l.id LEFT JOIN runtime_retentionpolicy p ON p.machine_id = i.machine_id
LEFT JOIN runtime_journalentry j ON j.instance_id = i.id AND j.seq = i.seq
ORDER BY i.id"""

# Idempotency keys; their source begins with the machine.
KEYS = """
SELECT k.id, 0, coalesce(p.keep_keys, %(keep)s) > 0
    AND k.received_at < now() - coalesce(p.keep_keys, %(keep)s) * interval '1 day'
FROM runtime_eventkey k LEFT JOIN runtime_retentionpolicy p ON p.machine_id::text = split_part(k.source, '/', 1)
WHERE k.id > %(after)s ORDER BY k.id LIMIT %(step)s"""

# Incidents that were resolved.
INCIDENTS = """
SELECT n.id, 0, coalesce(p.keep_incidents, %(keep)s) > 0
    AND n.resolved_at < now() - coalesce(p.keep_incidents, %(keep)s) * interval '1 day'
FROM runtime_incident n LEFT JOIN runtime_retentionpolicy p ON p.machine_id = n.machine_id
WHERE n.id > %(after)s AND n.resolved_at IS NOT NULL ORDER BY n.id LIMIT %(step)s"""

# Ended instances stay as they are while they are read out; those which somebody else holds wait for the next walk.
_HOLD = """
SELECT id FROM runtime_instance WHERE id = ANY(%s) AND status = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED"""

# All that is stored of some instances as JSON, a row a line, each instance with its journal, activities and incidents.
_LINES = """
SELECT line FROM (
    SELECT i.id AS instance, 0 AS part, 0 AS number, json_build_object('instance', row_to_json(i), 'machine', m.slug,
        'version', v.number)::text AS line
    FROM runtime_instance i JOIN definitions_machine m ON m.id = i.machine_id
    JOIN definitions_version v ON v.id = i.version_id WHERE i.id = ANY(%(ids)s)
    UNION ALL SELECT instance_id, 1, seq, json_build_object('journal', row_to_json(j))::text
    FROM runtime_journalentry j WHERE instance_id = ANY(%(ids)s)
    UNION ALL SELECT instance_id, 2, id, json_build_object('activity', row_to_json(r))::text
    FROM runtime_activityrun r WHERE instance_id = ANY(%(ids)s)
    UNION ALL SELECT instance_id, 3, id, json_build_object('incident', row_to_json(n))::text
    FROM runtime_incident n WHERE instance_id = ANY(%(ids)s)) lines
ORDER BY instance, part, number"""

# Remember in which file they lie.
_INDEX = """
INSERT INTO runtime_archivedinstance (instance, machine_id, key, status, started_at, finished_at, file)
SELECT id, machine_id, key, status, started_at, finished_at, %s FROM runtime_instance WHERE id = ANY(%s)"""

# Journals have no foreign key which would take them along.
_DROP_JOURNALS = "DELETE FROM runtime_journalentry WHERE instance_id = ANY(%s)"

# Keys that have had their time.
_DROP_KEYS = "DELETE FROM runtime_eventkey WHERE id = ANY(%s)"


def begin(cursor: Cursor, walk: str) -> int | None:
    """Where the walk stands, locked; None when another sweep is on it."""
    cursor.execute(_BEGIN, (walk,))
    row = cursor.execute(_POSITION, (walk,)).fetchone()
    return row[0] if row else None


def move(cursor: Cursor, walk: str, position: int) -> None:
    cursor.execute(_MOVE, (position, walk))


def looked(cursor: Cursor, statement: str, after: int, step: int, keep: int) -> list[Looked]:
    """The next rows of a walk."""
    given = {"after": after, "step": step, "keep": keep, "ended": sorted(ENDED)}
    return [Looked(*row) for row in cursor.execute(statement, given)]


def hold(cursor: Cursor, instances: Sequence[int]) -> list[int]:
    """Those of the instances which have ended and are ours until the end of the transaction."""
    return [row[0] for row in cursor.execute(_HOLD, (list(instances), sorted(ENDED)))]


def lines(instances: Sequence[int]) -> Iterator[str]:
    """What is stored of these instances, streamed."""
    with connection.connection.cursor("archive") as cursor:
        cursor.itersize = LINES_AT_ONCE
        for row in cursor.execute(_LINES, {"ids": list(instances)}):
            yield row[0]


def index(cursor: Cursor, instances: Sequence[int], file: str) -> None:
    cursor.execute(_INDEX, (file, list(instances)))


def drop_journals(cursor: Cursor, instances: Sequence[int]) -> None:
    cursor.execute(_DROP_JOURNALS, (list(instances),))


def drop_keys(cursor: Cursor, keys: Sequence[int]) -> None:
    cursor.execute(_DROP_KEYS, (list(keys),))
