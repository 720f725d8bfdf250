"""The statements of incidents: opened by a batch, resolved when what they are about is over."""

from __future__ import annotations

from orchestrator.runtime.arrays import BigInts, Moments, Texts, columns
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.writes import Writes

# What is open about a state goes with an instance whose state has another name in its new version.
_RENAME = """
UPDATE runtime_incident n SET state = u.after
FROM unnest(%b::bigint[], %b::text[], %b::text[]) u(instance, before, after)
WHERE n.instance_id = u.instance AND n.state = u.before AND n.resolved_at IS NULL
    AND NOT EXISTS (SELECT FROM runtime_incident o WHERE o.instance_id = u.instance AND o.kind = n.kind
        AND o.state = u.after AND o.resolved_at IS NULL)"""

# Resolve what was open about states that were left.
_RESOLVE_LEFT = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = 'moved on'
FROM unnest(%b::bigint[], %b::text[]) u(instance, state)
WHERE n.instance_id = u.instance AND n.state = u.state AND n.resolved_at IS NULL"""

# Resolve all that was open about instances which ended or are tried again.
_RESOLVE_ENDED = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = u.resolution
FROM unnest(%b::bigint[], %b::text[]) u(instance, resolution)
WHERE n.instance_id = u.instance AND n.resolved_at IS NULL"""

# Resolve the failures that are tried again, and those which had stopped the whole instance.
_RESOLVE_RESTARTED = """
UPDATE runtime_incident n SET resolved_at = now(), resolution = 'retried'
FROM unnest(%b::bigint[], %b::bool[]) u(instance, whole)
WHERE n.instance_id = u.instance AND n.resolved_at IS NULL
    AND (n.kind IN ('activity-failed', 'compensation-failed') OR (u.whole AND n.kind IN ('loop', 'poison')))"""

# Open incidents; one that is open already stays as it is.
_OPEN = """
INSERT INTO runtime_incident (instance_id, machine_id, version_id, kind, state, message, since, resolution)
SELECT u.*, ''
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[]) u
ON CONFLICT DO NOTHING"""
_OPEN_KINDS = (BigInts, BigInts, BigInts, Texts, Texts, Texts, Moments)


def save(cursor: Cursor, writes: Writes) -> None:
    if writes.renamed:
        rows = [(*state, after) for state, after in writes.renamed.items()]
        cursor.execute(_RENAME, columns(rows, BigInts, Texts, Texts))
    if writes.left:
        cursor.execute(_RESOLVE_LEFT, columns(writes.left, BigInts, Texts))
    if writes.ended:
        cursor.execute(_RESOLVE_ENDED, columns(writes.ended.items(), BigInts, Texts))
    if writes.restarted:
        cursor.execute(_RESOLVE_RESTARTED, columns(writes.restarted.items(), BigInts, list))
    if writes.incidents:
        cursor.execute(_OPEN, columns(writes.incidents.values(), *_OPEN_KINDS))
