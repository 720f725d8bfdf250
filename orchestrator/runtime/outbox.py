"""Events from outside on their way to the topics: they share the outbox, its order and its relay with emitted ones."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.runtime import store_outbox
from orchestrator.runtime.emitting import bucket_of
from orchestrator.runtime.requests import Published
from orchestrator.runtime.store import Cursor, batch


def publish(events: Sequence[Published]) -> list[bool]:
    """Put events into the outbox in one transaction; False for one that was there already."""
    with batch() as cursor:
        return publish_in(cursor, events)


def publish_in(cursor: Cursor, events: Sequence[Published]) -> list[bool]:
    """The same within the transaction of the caller."""
    rows = [(bucket_of(event.key), *event) for event in events]
    stored = store_outbox.add(cursor, rows)
    return [(event.source, event.id, event.topic) in stored for event in events]
