"""The read side: small frozen values for screens and the API. Nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.runtime.models import Heartbeat, InboxEvent, JournalEntry
from orchestrator.statechart.definition import JSON

PAGE = 200  # most rows of a journal or incident page
WORKER_FRESH = timedelta(seconds=30)  # a worker that was silent for longer is not counted


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many instances stand in a leaf state, how many of them have an open incident, the longest wait."""

    state: str
    count: int
    stuck: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class MachineSummary:
    machine: int
    running: int
    finished: int
    failed: int
    stuck: int
    finished_today: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of an instance's history; `detail` has entered, exited, transitions, changes, log, message, errors."""

    seq: int
    kind: str
    name: str
    outcome: str
    data: dict[str, JSON]
    detail: dict[str, JSON]
    source: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ThroughputPoint:
    at: datetime
    events: int


@dataclass(frozen=True, slots=True)
class Health:
    """Age in seconds of the newest sign of life, None if never; plus the queue and overdue timers."""

    workers: int
    worker_age: float | None
    beat_age: float | None
    pending: int
    overdue_timers: int


def rows_of(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one reading statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_STATE_COUNTS = """
WITH standing AS (
    SELECT i.id, i.status, i.updated_at, leaf FROM runtime_instance i, string_to_table(i.configuration, ' ') leaf
    WHERE i.machine_id = %(machine)s AND (%(version)s::bigint IS NULL OR i.version_id = %(version)s) AND leaf <> ''
        AND i.status <> 'cancelled'
), stuck AS (
    SELECT DISTINCT n.instance_id, n.state FROM runtime_incident n
    WHERE n.machine_id = %(machine)s AND n.resolved_at IS NULL
)
SELECT s.leaf, count(*), count(k.instance_id), min(s.updated_at) FILTER (WHERE s.status IN ('running', 'compensating'))
FROM standing s LEFT JOIN stuck k ON k.instance_id = s.id AND k.state = s.leaf
GROUP BY s.leaf ORDER BY s.leaf"""


def state_counts(machine: int, version: int | None = None) -> list[StateCount]:
    """Instances per leaf state, in the current version's document order, unknown states last.

    Cancelled ones are left out: they stand nowhere any more.

    `oldest` is the event time of the last step of the longest waiting unfinished instance there.
    """
    counts = [StateCount(*row) for row in rows_of(_STATE_COUNTS, {"machine": machine, "version": version})]
    current = Machine.objects.values_list("current", flat=True).filter(pk=machine).first()
    shown = version or current
    order = {state: at for at, state in enumerate(chart_of(shown).states)} if shown else {}
    return sorted(counts, key=lambda count: (order.get(count.state, len(order)), count.state))


_SUMMARIES = """
SELECT m.id,
    count(i.id) FILTER (WHERE i.status IN ('running', 'compensating')),
    count(i.id) FILTER (WHERE i.status IN ('completed', 'compensated', 'cancelled')),
    count(i.id) FILTER (WHERE i.status = 'failed'),
    (SELECT count(DISTINCT n.instance_id) FROM runtime_incident n WHERE n.machine_id = m.id AND n.resolved_at IS NULL),
    count(i.id) FILTER (WHERE i.status <> 'failed' AND i.finished_at >= date_trunc('day', now()))
FROM definitions_machine m LEFT JOIN runtime_instance i ON i.machine_id = m.id
WHERE m.id = ANY(%s) GROUP BY m.id"""


def summaries(machines: list[int]) -> dict[int, MachineSummary]:
    """One summary per existing machine id. `stuck` counts instances with an open incident; days are UTC."""
    return {row[0]: MachineSummary(*row) for row in rows_of(_SUMMARIES, [machines])}


def journal(instance: int, after: int = 0, limit: int = PAGE) -> list[JournalRow]:
    """Rows with seq > after, oldest first."""
    return _journal_rows(JournalEntry.objects.filter(instance=instance, seq__gt=after).order_by("seq")[:limit])


def latest_journal(instance: int, before: int | None = None, limit: int = PAGE) -> list[JournalRow]:
    """Rows with seq < before (or the newest), newest first."""
    entries = JournalEntry.objects.filter(instance=instance).order_by("-seq")
    return _journal_rows((entries if before is None else entries.filter(seq__lt=before))[:limit])


def _journal_rows(entries: QuerySet[JournalEntry]) -> list[JournalRow]:
    return [
        JournalRow(
            seq=entry.seq,
            kind=entry.kind,
            name=entry.name,
            outcome=entry.outcome,
            data=json.loads(entry.data),
            detail=json.loads(entry.detail),
            source=entry.source,
            actor=entry.actor,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )
        for entry in entries
    ]


_OUTCOMES = """
SELECT j.outcome, count(*) FROM runtime_journalentry j JOIN runtime_instance i ON i.id = j.instance_id
WHERE j.source = %s AND i.machine_id = %s AND j.kind = 'event' GROUP BY j.outcome"""


def journal_outcomes(source: str, machine: int) -> dict[str, int]:
    """How many journal rows of events from this source were applied, ignored and in error; absent means none."""
    return dict(rows_of(_OUTCOMES, [source, machine]))


def pending(machine: int | None = None) -> int:
    """Inbox rows that wait to be applied."""
    waiting = InboxEvent.objects.all()
    return (waiting if machine is None else waiting.filter(instance__machine=machine)).count()


_THROUGHPUT = """
WITH span AS (
    SELECT %(since)s::timestamptz AS low,
        greatest(statement_timestamp(), %(since)s::timestamptz + interval '1 second') AS high
),
counted AS (
    SELECT count(*) AS events, width_bucket(
        extract(epoch FROM j.recorded_at), extract(epoch FROM low), extract(epoch FROM high), %(buckets)s) AS bucket
    FROM span, runtime_journalentry j
    WHERE j.recorded_at >= low AND j.recorded_at <= high AND j.outcome = 'applied'
        AND (%(machine)s::bigint IS NULL
            OR j.instance_id IN (SELECT id FROM runtime_instance WHERE machine_id = %(machine)s))
    GROUP BY bucket
)
SELECT low + (high - low) * (n - 1) / %(buckets)s,
    coalesce((SELECT sum(events) FROM counted WHERE least(bucket, %(buckets)s) = n), 0)::bigint
FROM span, generate_series(1, %(buckets)s) n ORDER BY n"""


def throughput(machine: int | None, since: datetime, buckets: int = 60) -> list[ThroughputPoint]:
    """Applied journal rows in equal buckets from `since` to now; `at` is the start of a bucket."""
    params = {"machine": machine, "since": since, "buckets": max(1, min(buckets, 1000))}
    return [ThroughputPoint(*row) for row in rows_of(_THROUGHPUT, params)]


_HEALTH = """
SELECT count(*) FILTER (WHERE kind = 'worker' AND seen_at > now() - %s),
    extract(epoch FROM now() - max(seen_at) FILTER (WHERE kind = 'worker'))::float,
    extract(epoch FROM now() - max(seen_at) FILTER (WHERE kind = 'beat'))::float,
    (SELECT count(*) FROM runtime_inboxevent),
    (SELECT count(*) FROM runtime_timer WHERE due <= now())
FROM {heartbeat}"""


def health() -> Health:
    """Signs of life and what waits, all by the database clock."""
    return Health(*rows_of(_HEALTH.format(heartbeat=Heartbeat._meta.db_table), [WORKER_FRESH])[0])
