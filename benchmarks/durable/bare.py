"""The limit L: bare SQL which moves the same bytes through tables of the same columns and indexes, and decides nothing.

Two connections, batches of 500, each one transaction: delete from the inbox, read the instances, write them back,
append the journal. There is no chart, no expression, no JSON, no lock and no fence in it.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection, transaction
from psycopg import sql

from benchmarks.durable.crew import MEMBERS, Crew, address
from benchmarks.measure import Wrong

BATCH = 500
TABLES = {"inbox": "runtime_inboxevent", "instance": "runtime_instance", "journal": "runtime_journalentry"}

# Take the oldest events of this connection's instances.
_CLAIM = """
DELETE FROM bare_inbox WHERE id = ANY(ARRAY(
    SELECT id FROM bare_inbox WHERE instance_id %% %b = %b ORDER BY id LIMIT %b))
RETURNING id, instance_id, data"""

# Read what a step starts from.
_LOAD = "SELECT id, seq, status, configuration, snapshot, updated_at FROM bare_instance WHERE id = ANY(%b)"

# Write as many bytes back.
_SAVE = """
UPDATE bare_instance t SET seq = u.seq, status = u.status, configuration = u.configuration, snapshot = u.snapshot,
    updated_at = u.updated_at
FROM unnest(%b::bigint[], %b::int[], %b::text[], %b::text[], %b::text[], %b::timestamptz[])
    u(id, seq, status, configuration, snapshot, updated_at)
WHERE t.id = u.id"""

# What follows instance, seq and event in a journal row of the runtime's own.
_REST = """
COPY (SELECT kind, name, data, outcome, detail, source, actor, occurred_at, recorded_at
    FROM runtime_journalentry WHERE kind = 'event' AND outcome = 'applied' ORDER BY instance_id DESC, seq DESC LIMIT 1)
TO STDOUT"""
_APPEND = """
COPY bare_journal (instance_id, seq, event, kind, name, data, outcome, detail, source, actor, occurred_at, recorded_at)
FROM STDIN"""


def copy_tables() -> int:
    """Tables like the runtime's, with what waits now; returns how many events that is."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name, original in TABLES.items():
            names = {"copy": sql.Identifier(f"bare_{name}"), "original": sql.Identifier(original)}
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {copy}").format(**names))
            cursor.execute(sql.SQL("CREATE TABLE {copy} (LIKE {original} INCLUDING ALL)").format(**names))
            cursor.execute("SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE relname = %s", [original])
            (options,) = cursor.fetchone()
            if options:
                cursor.execute(sql.SQL("ALTER TABLE {copy} SET (" + options + ")").format(**names))
            if name != "journal":
                fill = "INSERT INTO {copy} OVERRIDING SYSTEM VALUE SELECT * FROM {original}"
                cursor.execute(sql.SQL(fill).format(**names))
        cursor.execute("SELECT count(*) FROM bare_inbox")
        (waiting,) = cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE bare_instance, bare_inbox")
    return int(waiting)


def drain_bare(crew: Crew, waiting: int) -> float:
    """Seconds which the bare statements take for all that was copied. Raises Wrong when they lose a row."""
    done, seconds = crew.run(_move, [(address(), member, MEMBERS) for member in range(MEMBERS)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM bare_journal), (SELECT count(*) FROM bare_inbox)")
        told, left = cursor.fetchone()
    if not sum(done) == told == waiting or left:
        raise Wrong(f"bare SQL moved {sum(done)} of {waiting} events, journaled {told} and left {left}")
    return seconds


def _move(database: str, share: int, shares: int) -> int:
    moved = 0
    with psycopg.connect(database) as raw, psycopg.Cursor(raw) as cursor:
        with cursor.copy(_REST) as copy:
            rest = b"".join(copy).decode()
        raw.commit()
        while rows := cursor.execute(_CLAIM, (shares, share, BATCH), binary=True).fetchall():
            _batch(cursor, rows, rest)
            raw.commit()
            moved += len(rows)
    return moved


def _batch(cursor: psycopg.Cursor[Any], rows: list[tuple[Any, ...]], rest: str) -> None:
    wanted = sorted({row[1] for row in rows})
    found = {row[0]: list(row) for row in cursor.execute(_LOAD, (wanted,), binary=True)}
    lines = []
    for event, instance, _ in rows:
        found[instance][1] += 1
        lines.append(f"{instance}\t{found[instance][1]}\t{event}\t{rest}")
    cursor.execute(_SAVE, [list(column) for column in zip(*found.values(), strict=True)])
    with cursor.copy(_APPEND) as copy:
        copy.write("".join(lines))
