"""The statements between instances: children are started and stopped, and events reach other instances' inboxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from orchestrator.runtime.arrays import BigInts, Ints, Moments, Texts, columns
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.store import Cursor, shard_of
from orchestrator.runtime.writes import ChildWrite, Writes
from orchestrator.statechart.jsontext import dumps
from orchestrator.statechart.run import COMMUNICATION_ERROR

# Which machine and version each child belongs to: a named machine of the same owner, or the parent's own version.
_RESOLVE = """
SELECT u.n, CASE u.slug WHEN '' THEN p.machine_id ELSE m.id END,
    CASE u.slug WHEN '' THEN p.version_id ELSE m.current_id END
FROM unnest(%b::int[], %b::bigint[], %b::text[]) u(n, parent, slug)
JOIN runtime_instance p ON p.id = u.parent JOIN definitions_machine own ON own.id = p.machine_id
LEFT JOIN definitions_machine m ON m.slug = u.slug AND m.owner_id = own.owner_id"""

# Make the children; one whose key is taken is skipped.
_SPAWN = """
INSERT INTO runtime_instance (machine_id, version_id, parent_id, invocation, activity, part, key, depth, started_at,
    updated_at, correlation, status, configuration, snapshot, seq)
SELECT machine, version, nullif(parent, 0), invocation, activity, part, key, depth, started_at, started_at,
    '', 'running', '', '{}', 0
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[],
    %b::timestamptz[]) u(machine, version, parent, invocation, activity, part, key, depth, started_at)
ON CONFLICT DO NOTHING RETURNING machine_id, key, id"""
_SPAWN_KINDS = (BigInts, BigInts, BigInts, Texts, Texts, Texts, Texts, Ints, Moments)

# Children that still run and that nobody waits for any more.
_ABANDONED = """
SELECT c.id, u.at FROM unnest(%b::bigint[], %b::text[], %b::timestamptz[]) u(parent, invocation, at)
JOIN runtime_instance c ON c.parent_id = u.parent AND c.invocation = u.invocation
WHERE c.status NOT IN ('completed', 'compensated', 'cancelled')"""

# Instances that events name by id or as a child, as far as they belong to the owner of the sender and have not ended.
_REACHED = """
SELECT u.n, t.id FROM unnest(%b::int[], %b::bigint[], %b::bigint[], %b::text[]) u(n, sender, target, invocation)
JOIN runtime_instance s ON s.id = u.sender JOIN definitions_machine own ON own.id = s.machine_id
JOIN runtime_instance t ON t.id = u.target OR (u.target = 0 AND t.parent_id = u.sender AND t.invocation = u.invocation)
JOIN definitions_machine m ON m.id = t.machine_id AND m.owner_id = own.owner_id
WHERE t.status NOT IN ('completed', 'compensated', 'cancelled')"""

# Fill the inboxes of other instances.
_HAND_OVER = """
INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, data, source, actor, occurred_at, hops)
SELECT instance, instance %% %b, kind, name, data, source, 'system', occurred_at, hops
FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::int[])
    WITH ORDINALITY u(instance, kind, name, data, source, occurred_at, hops, n) ORDER BY n"""
_HAND_OVER_KINDS = (BigInts, Texts, Texts, Texts, Texts, Moments, Ints)

LEFT_BEHIND = dumps({"reason": "its parent waits for it no longer"})


class _Row(NamedTuple):
    instance: int
    kind: str
    name: str
    data: str
    source: str
    occurred_at: datetime
    hops: int = 0


def save(cursor: Cursor, writes: Writes) -> set[int]:
    """Start and stop children, hand over events and answers; returns the shards in which something now waits."""
    rows: list[_Row] = []
    if writes.children:
        rows.extend(_spawned(cursor, list(writes.children.values())))
    if writes.cancelled:
        rows.extend(_abandoned(cursor, writes))
    if writes.deliveries:
        rows.extend(_delivered(cursor, writes))
    rows.extend(_Row(a.instance, "activity", a.name, a.data, "", a.occurred_at) for a in writes.answers)
    if rows:
        cursor.execute(_HAND_OVER, [SHARDS, *columns(rows, *_HAND_OVER_KINDS)])
    return {shard_of(row.instance) for row in rows}


def _spawned(cursor: Cursor, children: Sequence[ChildWrite]) -> Iterable[_Row]:
    """The children's starts, and answers for parents whose child could not be made or is not waited for."""
    wanted = [(n, child.parent, child.slug) for n, child in enumerate(children)]
    known = {row[0]: row[1:] for row in cursor.execute(_RESOLVE, columns(wanted, Ints, BigInts, Texts), binary=True)}
    rows = [
        (*known[n], c.parent if c.attached else 0, c.invocation, c.activity, c.part, c.key, c.depth, c.started_at)
        for n, c in enumerate(children)
        if known[n][1] is not None
    ]
    made: dict[tuple[int, str], int] = {}
    if rows:
        made = {(row[0], row[1]): row[2] for row in cursor.execute(_SPAWN, columns(rows, *_SPAWN_KINDS), binary=True)}
    for n, child in enumerate(children):
        instance = made.pop((known[n][0], child.key), None)
        if instance is not None:
            yield _Row(instance, "start", "start", child.context, "", child.started_at)
        if instance is None or not child.attached:
            yield _answer(child, instance, known[n][1] is not None)


def _answer(child: ChildWrite, instance: int | None, published: bool) -> _Row:
    told: dict[str, object] = {"invocation": child.invocation}
    if instance is not None:
        told["result"] = {"instance": instance, "key": child.key}
    elif published:
        told["error"] = {"class": "KeyTaken", "message": f"an instance with the key {child.key} exists already"}
    else:
        told["error"] = {
            "class": "UnknownMachine",
            "message": f"there is no published machine {child.slug} of this owner",
        }
    kind = "error" if instance is None else "done"
    return _Row(child.parent, "activity", f"{kind}.invoke.{child.activity}", dumps(told), "", child.started_at)


def _abandoned(cursor: Cursor, writes: Writes) -> Iterable[_Row]:
    wanted = [(instance, invocation, at) for (instance, invocation), at in writes.cancelled.items()]
    found = cursor.execute(_ABANDONED, columns(wanted, BigInts, Texts, Moments), binary=True)
    return [_Row(instance, "command", "cancel", LEFT_BEHIND, "", at) for instance, at in found.fetchall()]


def _delivered(cursor: Cursor, writes: Writes) -> Iterable[_Row]:
    """Events for instances that are there; the senders of others are told (SCXML 6.2: error.communication)."""
    wanted = [(n, d.sender, d.target, d.invocation) for n, d in enumerate(writes.deliveries)]
    found = cursor.execute(_REACHED, columns(wanted, Ints, BigInts, BigInts, Texts), binary=True)
    reached: dict[int, int] = dict(found.fetchall())
    for n, given in enumerate(writes.deliveries):
        if n in reached:
            source = f"instance:{given.sender}"
            yield _Row(reached[n], "sent", given.name, given.data, source, given.occurred_at, given.hops)
        else:
            told = dumps(
                {"data": {"message": f"{given.name} reached no instance: it has ended or is not this owner's"}}
            )
            yield _Row(given.sender, "sent", COMMUNICATION_ERROR, told, "", given.occurred_at, given.hops)
