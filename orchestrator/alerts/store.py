"""Every lock, claim and bulk statement of the alerts, each with its purpose. All times come from the database clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

GROUPING_LOCK = 7_209_101  # any number that no other advisory lock of the product uses

LOCK_GROUPING = "SELECT pg_try_advisory_xact_lock(%s)"

NOW = "SELECT statement_timestamp()"

# Groups of open incidents which no alert covers yet, once nothing was added for a while (or the first has waited long).
DUE_GROUPS = """
SELECT machine_id, state, kind, max(version_id) FROM runtime_incident i
WHERE resolved_at IS NULL
  AND NOT EXISTS (SELECT FROM alerts_alertincident l WHERE l.incident_id = i.id)
  AND NOT EXISTS (SELECT FROM alerts_alert a WHERE a.first_id IS NULL AND a.closed_at IS NULL
                  AND a.machine_id = i.machine_id AND a.state = i.state AND a.kind = i.kind)
GROUP BY machine_id, state, kind
HAVING max(opened_at) <= statement_timestamp() - make_interval(secs => %(quiet)s)
    OR min(opened_at) <= statement_timestamp() - make_interval(secs => %(longest)s)
ORDER BY min(opened_at) LIMIT %(limit)s
"""

# Put every open incident without an alert into the open alert of its group.
ATTACH = """
INSERT INTO alerts_alertincident (alert_id, incident_id)
SELECT a.id, i.id FROM runtime_incident i
JOIN alerts_alert a ON a.machine_id = i.machine_id AND a.state = i.state AND a.kind = i.kind
WHERE a.first_id IS NULL AND a.closed_at IS NULL AND i.resolved_at IS NULL
  AND NOT EXISTS (SELECT FROM alerts_alertincident l WHERE l.incident_id = i.id)
ON CONFLICT DO NOTHING
"""

# Open groups with incidents that no message told of, whose latest message is older than the repeat time.
REPEATS = """
SELECT a.id FROM alerts_alert a
WHERE a.first_id IS NULL AND a.closed_at IS NULL
  AND EXISTS (SELECT FROM alerts_alertincident l JOIN runtime_incident i ON i.id = l.incident_id
              WHERE l.alert_id = a.id AND l.mailed_at IS NULL AND i.resolved_at IS NULL)
  AND NOT EXISTS (SELECT FROM alerts_alert t WHERE (t.id = a.id OR t.first_id = a.id) AND (t.status = 'pending'
      OR coalesce(t.sent_at, t.next_attempt) > statement_timestamp() - make_interval(secs => %(repeat)s)))
"""

# Close the groups whose incidents are all resolved, unless a message of theirs is being sent right now. `told` says
# that a message was sent, or may have been: a try which was cut off left neither an error nor a result.
CLOSE = """
UPDATE alerts_alert a SET closed_at = statement_timestamp()
WHERE a.first_id IS NULL AND a.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM alerts_alertincident l JOIN runtime_incident i ON i.id = l.incident_id
                  WHERE l.alert_id = a.id AND i.resolved_at IS NULL)
  AND NOT EXISTS (SELECT FROM alerts_alert t WHERE (t.id = a.id OR t.first_id = a.id)
                  AND t.status = 'pending' AND t.lease_until > statement_timestamp())
RETURNING a.id, EXISTS (SELECT FROM alerts_alert t WHERE (t.id = a.id OR t.first_id = a.id)
    AND (t.status = 'sent' OR (t.status = 'pending' AND t.attempts > 0 AND t.last_error = ''))) AS told
"""

# Take back the messages of closed groups which were never sent: there is nothing left to tell.
WITHDRAW = """
UPDATE alerts_alert SET status = 'withdrawn', lease_until = NULL
WHERE status = 'pending' AND phase = 'opened' AND coalesce(first_id, id) = ANY(%s)
"""

# Take the next message that is due and nobody else is sending; the count of attempts is the fence.
CLAIM = """
UPDATE alerts_alert SET attempts = attempts + 1, last_error = '',
       lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
  SELECT a.id FROM alerts_alert a
  WHERE a.status = 'pending' AND a.next_attempt <= statement_timestamp()
    AND (a.lease_until IS NULL OR a.lease_until <= statement_timestamp())
    AND (a.phase = 'recovered' OR EXISTS (
        SELECT FROM alerts_alertincident l JOIN runtime_incident i ON i.id = l.incident_id
        WHERE l.alert_id = coalesce(a.first_id, a.id) AND i.resolved_at IS NULL))
  ORDER BY a.next_attempt, a.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""

# Record what became of a try, only if it is still the latest one.
SENT = """
UPDATE alerts_alert SET status = 'sent', sent_at = statement_timestamp(), lease_until = NULL,
       subject = %(subject)s, last_error = %(error)s
WHERE id = %(id)s AND attempts = %(fence)s AND status = 'pending'
"""
MAILED = """
UPDATE alerts_alertincident SET mailed_at = statement_timestamp()
WHERE alert_id = %(root)s AND incident_id = ANY(%(incidents)s) AND mailed_at IS NULL
"""
UNSENT = """
UPDATE alerts_alert SET status = %(status)s, last_error = %(error)s, lease_until = NULL,
       next_attempt = statement_timestamp() + make_interval(secs => %(delay)s)
WHERE id = %(id)s AND attempts = %(fence)s AND status = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Incidents of one kind in one state of a machine; `version` is the newest version among them."""

    machine: int
    state: str
    kind: str
    version: int


def _rows(sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _count(sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        changed: int = cursor.rowcount
    return changed


def now() -> datetime:
    """The time of the database."""
    moment: datetime = _rows(NOW)[0][0]
    return moment


def lock_grouping() -> bool:
    """Whether this transaction may group incidents; False while another one does."""
    return bool(_rows(LOCK_GROUPING, [GROUPING_LOCK])[0][0])


def due_groups(quiet: float, longest: float, limit: int) -> list[Group]:
    """Groups to open an alert for; `quiet` and `longest` are seconds."""
    return [Group(*row) for row in _rows(DUE_GROUPS, {"quiet": quiet, "longest": longest, "limit": limit})]


def attach() -> int:
    """How many incidents joined the open alert of their group."""
    return _count(ATTACH)


def repeats(repeat: float) -> list[int]:
    """Ids of first alerts whose group is due for another message; `repeat` is in seconds."""
    return [row[0] for row in _rows(REPEATS, {"repeat": repeat})]


def close_groups() -> list[int]:
    """Close what is over and withdraw what was not sent; returns the first alerts which need a recovery message."""
    closed = _rows(CLOSE)
    if closed:
        _count(WITHDRAW, [[row[0] for row in closed]])
    return [row[0] for row in closed if row[1]]


def claim(lease: float) -> int | None:
    """The id of an alert that this caller alone may send for `lease` seconds, or None."""
    rows = _rows(CLAIM, {"lease": lease})
    return rows[0][0] if rows else None


def record_sent(alert: int, fence: int, root: int, incidents: list[int], *, subject: str, error: str) -> bool:
    """Mark as sent, and its incidents as told; False if another try has taken over."""
    if not _count(SENT, {"id": alert, "fence": fence, "subject": subject, "error": error}):
        return False
    _count(MAILED, {"root": root, "incidents": incidents})
    return True


def record_unsent(alert: int, fence: int, error: str, *, delay: float | None) -> bool:
    """Try again after `delay` seconds, or never when it is None; False if another try has taken over."""
    status = "failed" if delay is None else "pending"
    values = {"id": alert, "fence": fence, "status": status, "error": error, "delay": delay or 0.0}
    return bool(_count(UNSENT, values))
