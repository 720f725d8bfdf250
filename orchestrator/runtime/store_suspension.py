"""The statements of suspended instances: what waits with them lies in a shard that nobody drains."""

from __future__ import annotations

from orchestrator.runtime.arrays import BigInts
from orchestrator.runtime.models import PARKED, SHARDS
from orchestrator.runtime.store import Cursor, shard_of
from orchestrator.runtime.writes import Writes

# Put claimed inputs back under their own ids, to wait.
_PARK = """
COPY runtime_inboxevent (id, instance_id, kind, name, data, source, actor, occurred_at, attempts, hops, shard)
FROM STDIN"""

# No timer of these instances comes up, and no activity begins.
_HOLD = (
    "UPDATE runtime_timer SET shard = %b WHERE instance_id = ANY(%b)",
    "UPDATE runtime_activityrun SET status = 'suspended' WHERE instance_id = ANY(%b) AND status = 'pending'",
)

# All that waited may go on, in its old order.
_RELEASE_TIMERS = "UPDATE runtime_timer SET shard = instance_id %% %b WHERE instance_id = ANY(%b)"
_RELEASE_INBOX = "UPDATE runtime_inboxevent SET shard = instance_id %% %b WHERE shard = -1 AND instance_id = ANY(%b)"
_RELEASE_ACTIVITIES = """
UPDATE runtime_activityrun SET status = 'pending' WHERE instance_id = ANY(%b) AND status = 'suspended' RETURNING id"""


def save(cursor: Cursor, writes: Writes) -> tuple[set[int], list[int]]:
    """Park and release; returns the shards in which something now waits, and activities to perform."""
    if writes.parked:
        with cursor.copy(_PARK) as copy:
            for given in writes.parked:
                copy.write_row((*given, PARKED))
    if writes.held:
        held = BigInts(writes.held)
        cursor.execute(_HOLD[0], (PARKED, held))
        cursor.execute(_HOLD[1], (held,))
    if not writes.released:
        return set(), []
    released = BigInts(writes.released)
    cursor.execute(_RELEASE_TIMERS, (SHARDS, released))
    cursor.execute(_RELEASE_INBOX, (SHARDS, released))
    ready = [row[0] for row in cursor.execute(_RELEASE_ACTIVITIES, (released,))]
    return {shard_of(instance) for instance in writes.released}, ready
