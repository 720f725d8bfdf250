"""The statements of the outbox: what steps emitted, and events that come from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.runtime.arrays import Ints, Moments, Texts, columns
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.writes import OutboxWrite

# Take events from outside in; one that is there already stays as it is. Sorted, so that two writers cannot deadlock.
_ADD = """
INSERT INTO runtime_outboxevent (bucket, topic, type, data, key, source, event_id, occurred_at, refusal)
SELECT bucket, topic, type, data, key, source, event_id, least(coalesce(occurred_at, now()), now()), ''
FROM unnest(%b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[])
    WITH ORDINALITY u(bucket, topic, type, data, key, source, event_id, occurred_at, position)
ORDER BY position
ON CONFLICT (source, event_id, topic) DO NOTHING RETURNING source, event_id, topic"""
_ADD_KINDS = (Ints, Texts, Texts, Texts, Texts, Texts, Texts, Moments)

# Hand what the steps emitted to the relay.
_EMIT = """
COPY runtime_outboxevent (instance_id, bucket, topic, type, data, key, source, event_id, occurred_at) FROM STDIN"""


def save(cursor: Cursor, emitted: Sequence[OutboxWrite]) -> None:
    if emitted:
        with cursor.copy(_EMIT) as copy:
            for event in emitted:
                copy.write_row(event)


def add(cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> set[tuple[str, str, str]]:
    """(source, id, topic) of the events that were new."""
    if not rows:
        return set()
    return {(row[0], row[1], row[2]) for row in cursor.execute(_ADD, columns(rows, *_ADD_KINDS))}
