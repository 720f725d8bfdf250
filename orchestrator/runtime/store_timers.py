"""The statements of timers and deadlines: claimed when their time has come, replaced and dropped with each batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from orchestrator.runtime.agenda import Pending
from orchestrator.runtime.arrays import BigInts, Ints, Moments, Texts, columns
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.store import EARLIEST, Cursor, shares
from orchestrator.runtime.writes import TimerWrite, Writes

# Take the timers and deadlines of locked shards whose time has come; the row goes with the commit that applies it.
_CLAIM = """
DELETE FROM runtime_timer WHERE ctid = ANY(ARRAY(
    SELECT c.ctid FROM unnest(%b::int[], %b::timestamptz[], %b::timestamptz[]) u(s, since, until) CROSS JOIN LATERAL (
        SELECT ctid FROM runtime_timer WHERE shard = u.s AND wake >= u.since AND wake <= u.until AND wake <= now()
        ORDER BY wake LIMIT %b) c
    LIMIT %b))
RETURNING kind, due, id, instance_id, ref, event, data, since, target, hops, shard, wake"""

# All timers of instances which are about to pass the first of them.
_PENDING = """
SELECT due, id, instance_id, ref, event, data, since, target, hops, false
FROM runtime_timer WHERE instance_id = ANY(%b) AND kind = 'event'"""

# Drop timers and deadlines which a step cancelled or which fired on the way.
_DROP = """
DELETE FROM runtime_timer t USING unnest(%b::bigint[], %b::text[], %b::text[]) u(instance, kind, ref)
WHERE t.instance_id = u.instance AND t.kind = u.kind AND t.ref = u.ref"""

# Drop what instances that ended still waited for.
_DROP_ALL = "DELETE FROM runtime_timer WHERE instance_id = ANY(%b)"

# Set timers and deadlines, replacing those of the same id; one of long past waits until the past has settled.
_SET = """
INSERT INTO runtime_timer (instance_id, shard, kind, ref, event, data, since, due, target, hops, wake)
SELECT instance, instance %% %b, kind, ref, event, data, since, due, target, hops,
    greatest(due, now() + greatest(least(due - since, %b * interval '1 second'), interval '0'))
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[],
    %b::text[], %b::int[]) u(instance, kind, ref, event, data, since, due, target, hops)
ON CONFLICT (instance_id, kind, ref) DO UPDATE SET event = excluded.event, data = excluded.data,
    since = excluded.since, due = excluded.due, target = excluded.target, hops = excluded.hops, wake = excluded.wake"""
_SET_KINDS = (BigInts, Texts, Texts, Texts, Texts, Moments, Moments, Texts, Ints)


class DueTimers:
    """Timers and deadlines whose time has come; `woke` is per shard when the last of them was to wake."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self.timers: list[Pending] = []
        self.deadlines: list[TimerWrite] = []
        self.woke: dict[int, datetime] = {}
        for kind, due, number, instance, ref, event, data, since, target, hops, shard, wake in rows:
            if kind == "event":
                self.timers.append(Pending(due, number, instance, ref, event, data, since, target, hops, claimed=True))
            else:
                self.deadlines.append(TimerWrite(instance, "deadline", ref, event, data, since, due))
            self.woke[shard] = max(wake, self.woke.get(shard, wake))


def claim(cursor: Cursor, until: Mapping[int, datetime], limit: int, woke: Mapping[int, datetime]) -> DueTimers:
    """The due timers and deadlines of locked shards, at most about `limit` and of each shard an equal share.

    A timer waits for every inbox row that was received before it fell due (`until`): no answer in time loses to its
    timeout. `woke` says from when on each shard need be looked at.
    """
    if not until:
        return DueTimers([])
    since = Moments(woke.get(shard, EARLIEST) for shard in until)
    share, most = shares(limit, len(until))
    rows = cursor.execute(_CLAIM, (Ints(until), since, Moments(until.values()), share, most), binary=True)
    return DueTimers(rows.fetchall())


def pending(cursor: Cursor, instances: Sequence[int]) -> list[Pending]:
    """All timers of these instances."""
    return [Pending(*row) for row in cursor.execute(_PENDING, (BigInts(instances),), binary=True)]


def save(cursor: Cursor, writes: Writes) -> None:
    gone = [key for key, timer in writes.timers.items() if timer is None]
    if gone:
        cursor.execute(_DROP, columns(gone, BigInts, Texts, Texts))
    due = [timer for timer in writes.timers.values() if timer is not None]
    if due:
        cursor.execute(_SET, [SHARDS, settings.STALL_SETTLE, *columns(due, *_SET_KINDS)])
    closed = BigInts(instance for instance, resolution in writes.ended.items() if resolution in ENDED)
    if closed:
        cursor.execute(_DROP_ALL, (closed,))
