"""Every lock, claim and bulk statement of the choreography. All times come from the clock of the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.requests import Published

ROUTING = 20_114  # first key of the advisory locks of buckets

# Lock those buckets with events to route which no other router is on; the locks end with the transaction.
_LOCK = """
SELECT b FROM generate_series(0, %s - 1) b
WHERE EXISTS (SELECT FROM runtime_outboxevent WHERE bucket = b AND routed_at IS NULL)
    AND pg_try_advisory_xact_lock(%s, b)"""

# The oldest events of locked buckets that are not routed, of each bucket an equal share.
_UNROUTED = """
SELECT e.id, e.topic, e.type, e.data, e.key, e.source, e.event_id, e.occurred_at
FROM unnest(%s::int[]) b CROSS JOIN LATERAL (
    SELECT * FROM runtime_outboxevent WHERE bucket = b AND routed_at IS NULL ORDER BY id LIMIT %s) e
ORDER BY e.id"""

# Make the deliveries of what was routed, in the order of the events.
_ROUTE = """
INSERT INTO choreography_delivery (event_id, endpoint_id, key)
SELECT event, endpoint, key FROM unnest(%s::bigint[], %s::bigint[], %s::text[])
    WITH ORDINALITY u(event, endpoint, key, position)
ORDER BY position ON CONFLICT (event_id, endpoint_id) DO NOTHING"""

# Take events off the list of the router.
_ROUTED = """
UPDATE runtime_outboxevent e SET routed_at = statement_timestamp(), refusal = u.refusal
FROM unnest(%s::bigint[], %s::text[]) u(id, refusal) WHERE e.id = u.id"""

# Endpoints with something to do that nobody serves, each at most once in a while.
_WAITING = """
UPDATE choreography_endpoint e SET hinted_at = statement_timestamp()
WHERE e.active AND coalesce(e.lease_until, '-infinity') <= statement_timestamp()
    AND coalesce(e.paused_until, '-infinity') <= statement_timestamp()
    AND coalesce(e.hinted_at, '-infinity') <= statement_timestamp() - make_interval(secs => %s)
    AND ((e.kind = 'bridge' AND e.direction = 'in') OR EXISTS (
        SELECT FROM choreography_delivery d
        WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.due <= statement_timestamp()))
RETURNING e.id, e.kind"""

# Take an endpoint that nobody serves; the fence is what a writer must show.
_CLAIM = """
UPDATE choreography_endpoint SET fence = fence + 1,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND active AND coalesce(lease_until, '-infinity') <= statement_timestamp()
    AND coalesce(paused_until, '-infinity') <= statement_timestamp()
RETURNING kind, direction, fence, failures"""

# Prolong a lease that is still ours, and keep others off until the end of the transaction.
_HOLD = """
UPDATE choreography_endpoint SET lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND fence = %(fence)s"""

# Give an endpoint back.
_RELEASE = """
UPDATE choreography_endpoint SET lease_until = NULL, hinted_at = NULL WHERE id = %(id)s AND fence = %(fence)s"""

# Leave an endpoint alone for a while, or note that it works.
_PAUSE = """
UPDATE choreography_endpoint SET failures = failures + 1, last_error = %(error)s,
    paused_until = statement_timestamp() + make_interval(secs => %(delay)s)
WHERE id = %(id)s AND fence = %(fence)s"""
_WELL = """
UPDATE choreography_endpoint SET failures = 0, last_error = '', paused_until = NULL
WHERE id = %(id)s AND fence = %(fence)s AND failures > 0"""

# What is due of an endpoint, in order; what stands behind an event of its key that is not due waits with it.
_DUE = """
SELECT d.id, d.attempts, e.topic, e.type, e.data, e.key, e.source, e.event_id, e.occurred_at
FROM choreography_delivery d JOIN runtime_outboxevent e ON e.id = d.event_id
WHERE d.endpoint_id = %(id)s AND d.status = 'pending' AND d.due <= statement_timestamp() AND NOT EXISTS (
    SELECT FROM choreography_delivery p WHERE p.endpoint_id = d.endpoint_id AND p.key = d.key AND p.status = 'pending'
        AND p.id < d.id AND p.due > statement_timestamp())
ORDER BY d.id LIMIT %(most)s"""

# Record what became of deliveries; what is tried again has its delay, in milliseconds.
_RECORD = """
UPDATE choreography_delivery d SET status = u.status, error = u.error, attempts = d.attempts + 1,
    due = statement_timestamp() + u.delay * interval '1 millisecond',
    done_at = CASE WHEN u.status <> 'pending' THEN statement_timestamp() END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[]) u(id, status, error, delay)
WHERE d.id = u.id AND d.status = 'pending'"""

# Forget events that everybody has had.
_PRUNE = """
WITH old AS (
    SELECT id FROM runtime_outboxevent e
    WHERE routed_at IS NOT NULL AND recorded_at < statement_timestamp() - make_interval(days => %s) AND NOT EXISTS (
        SELECT FROM choreography_delivery d WHERE d.event_id = e.id AND d.status IN ('pending', 'failed'))
    ORDER BY recorded_at LIMIT %s FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM choreography_delivery WHERE event_id IN (SELECT id FROM old))
DELETE FROM runtime_outboxevent WHERE id IN (SELECT id FROM old)"""

# Forget the ids of messages that no sender tries again any more.
_FORGET = """
DELETE FROM choreography_received WHERE id = ANY(ARRAY(
    SELECT id FROM choreography_received WHERE received_at < statement_timestamp() - make_interval(days => %s)
    ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED))"""


class Unrouted(NamedTuple):
    id: int
    event: Published


class Claimed(NamedTuple):
    """An endpoint under our lease."""

    id: int
    kind: str
    direction: str
    fence: int
    failures: int


class Due(NamedTuple):
    """A delivery whose time has come."""

    id: int
    attempts: int
    event: Published


def _rows(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _count(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        changed: int = cursor.rowcount
    return changed


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def unrouted(share: int) -> list[Unrouted]:
    """Events to route, at most `share` of each bucket; the buckets are locked until the end of the transaction."""
    buckets = [row[0] for row in _rows(_LOCK, (SHARDS, ROUTING))]
    if not buckets:
        return []
    return [Unrouted(row[0], Published(*row[1:])) for row in _rows(_UNROUTED, (buckets, share))]


def route(deliveries: Sequence[tuple[int, int, str]], refusals: Sequence[tuple[int, str]]) -> None:
    """Make the deliveries (event, endpoint, key) and note each event as routed, with why it was refused."""
    if deliveries:
        _count(_ROUTE, _columns(deliveries))
    _count(_ROUTED, _columns(refusals))


def waiting(again: float) -> list[tuple[int, str]]:
    """Id and kind of endpoints to serve; they are named anew after `again` seconds."""
    return [(row[0], row[1]) for row in _rows(_WAITING, (again,))]


def claim(endpoint: int, lease: float) -> Claimed | None:
    rows = _rows(_CLAIM, {"id": endpoint, "lease": lease})
    return Claimed(endpoint, *rows[0]) if rows else None


def hold(claimed: Claimed, lease: float) -> bool:
    """Whether the lease is still ours; if so nobody else can take it before the transaction ends."""
    return bool(_count(_HOLD, _named(claimed, lease=lease)))


def release(claimed: Claimed) -> None:
    _count(_RELEASE, _named(claimed))


def pause(claimed: Claimed, error: str, delay: float) -> None:
    _count(_PAUSE, _named(claimed, error=error, delay=delay))


def well(claimed: Claimed) -> None:
    _count(_WELL, _named(claimed))


def due(endpoint: int, most: int) -> list[Due]:
    rows = _rows(_DUE, {"id": endpoint, "most": most})
    return [Due(row[0], row[1], Published(*row[2:])) for row in rows]


def record(rows: Sequence[tuple[int, str, str, int]]) -> None:
    """(delivery, status, error, delay)."""
    if rows:
        _count(_RECORD, _columns(rows))


def prune(days: int, most: int) -> int:
    """How many events were forgotten with their deliveries."""
    return _count(_PRUNE, (days, most))


def forget_received(days: int, most: int) -> int:
    """How many ids of incoming messages were forgotten."""
    return _count(_FORGET, (days, most))


def _named(claimed: Claimed, **more: Any) -> dict[str, Any]:
    return {"id": claimed.id, "fence": claimed.fence, **more}
