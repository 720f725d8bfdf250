"""The read side for operators: lists of instances and incidents, one instance in full. Nothing here changes a row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from orchestrator.runtime.models import ActivityRun, InboxEvent, Incident, Instance, Timer
from orchestrator.runtime.queries import rows_of
from orchestrator.statechart.definition import JSON

COUNTED = 10_000  # totals are exact up to here; counting more would cost a scan on every page
MOST = 500  # rows of one page at most


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """What to list; empty values do not narrow. `search` matches the start of the key, the correlation or the id."""

    machine: int
    status: str = ""
    state: str = ""
    search: str = ""
    stuck: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class InstanceRow:
    id: int
    key: str
    correlation: str
    version: int  # its number
    status: str
    configuration: tuple[str, ...]
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    stuck: bool


@dataclass(frozen=True, slots=True)
class InstancePage:
    """`total` stops at COUNTED + 1, which means more than COUNTED."""

    rows: list[InstanceRow]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class IncidentRow:
    id: int
    machine: int
    instance: int
    key: str
    version: int
    kind: str
    state: str
    message: str
    since: datetime
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """A side effect of an instance; `attempts` of `max_attempts` were begun, `due` is when a pending one runs next."""

    id: int
    invocation: str
    activity: str
    state: str
    kind: str
    title: str
    status: str
    attempts: int
    max_attempts: int
    due: datetime
    last_error: str
    result: JSON
    late: str
    compensates: str
    progress: JSON
    heartbeat_at: datetime | None


@dataclass(frozen=True, slots=True)
class TimerRow:
    kind: str  # event | deadline
    ref: str
    due: datetime


@dataclass(frozen=True, slots=True)
class InstanceDetail:
    """One instance in full; `entered` holds when each active state was entered, in event time.

    `suspended` counts activities which start anew with a retry.
    """

    row: InstanceRow
    machine: int
    version_id: int
    seq: int
    pending: int
    suspended: int
    context: dict[str, JSON]
    entered: dict[str, datetime]
    activities: list[ActivityRow]
    timers: list[TimerRow]
    incidents: list[IncidentRow]


@dataclass(frozen=True, slots=True)
class StuckGroup:
    """Open incidents of one kind in one state; `oldest` is since when its longest one lasts, in event time."""

    state: str
    kind: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long instances stayed in a state before they left it, in seconds."""

    state: str
    count: int
    p50: float
    p95: float


def instances(wanted: InstanceFilter, page: int = 1, limit: int = 50) -> InstancePage:
    """One page, newest first; a page past the end answers the last one."""
    limit = max(1, min(limit, MOST))
    found = _filtered(wanted)
    total = found[: COUNTED + 1].count()
    pages = max(1, -(-total // limit))
    page = max(1, min(page, pages))
    rows = found.select_related("version").order_by("-id")[(page - 1) * limit : page * limit]
    return InstancePage([_row(instance) for instance in rows], total, page, pages)


def _filtered(wanted: InstanceFilter) -> QuerySet[Instance]:
    open_incidents = Incident.objects.filter(instance=OuterRef("pk"), resolved_at=None)
    found = Instance.objects.filter(machine=wanted.machine).annotate(stuck=Exists(open_incidents))
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.version:
        found = found.filter(version=wanted.version)
    if wanted.stuck:
        found = found.filter(stuck=True)
    if wanted.state:
        inside = Q(configuration=wanted.state) | Q(configuration__startswith=f"{wanted.state} ")
        found = found.filter(
            inside | Q(configuration__endswith=f" {wanted.state}") | Q(configuration__contains=f" {wanted.state} ")
        )
    if wanted.search:
        matches = Q(key__startswith=wanted.search) | Q(correlation=wanted.search)
        if wanted.search.isascii() and wanted.search.isdigit() and len(wanted.search) < 19:
            matches |= Q(pk=int(wanted.search))
        found = found.filter(matches)
    return found


def _row(instance: Instance) -> InstanceRow:
    return InstanceRow(
        id=instance.pk,
        key=instance.key,
        correlation=instance.correlation,
        version=instance.version.number,
        status=instance.status,
        configuration=tuple(instance.configuration.split()),
        started_at=instance.started_at,
        updated_at=instance.updated_at,
        finished_at=instance.finished_at,
        stuck=bool(getattr(instance, "stuck", False)),
    )


def instance_of_key(machine: int, key: str) -> int | None:
    """The id of the current instance with this business key."""
    return Instance.objects.filter(machine=machine, key=key, current=True).values_list("pk", flat=True).first()


def instance_detail(instance: int) -> InstanceDetail | None:
    """One instance in full, or None when there is none."""
    open_incidents = Incident.objects.filter(instance=OuterRef("pk"), resolved_at=None)
    found = (
        Instance.objects.annotate(stuck=Exists(open_incidents)).select_related("version").filter(pk=instance).first()
    )
    if found is None:
        return None
    snapshot = json.loads(found.snapshot)
    return InstanceDetail(
        row=_row(found),
        machine=found.machine_id,
        version_id=found.version_id,
        seq=found.seq,
        pending=InboxEvent.objects.filter(instance=instance).count(),
        suspended=len(snapshot.get("suspended", ())),
        context=snapshot.get("context", {}),
        entered={state: datetime.fromisoformat(at) for state, at in snapshot.get("entered", {}).items()},
        activities=[_activity(run) for run in ActivityRun.objects.filter(instance=instance).order_by("-id")[:MOST]],
        timers=[
            TimerRow(timer.kind, timer.ref, timer.due)
            for timer in Timer.objects.filter(instance=instance).order_by("due")[:MOST]
        ],
        incidents=_incident_rows(Incident.objects.filter(instance=instance), MOST),
    )


def _activity(run: ActivityRun) -> ActivityRow:
    """A sign of life of an earlier attempt says nothing about this one."""
    beat = run.heartbeat_at
    alive = beat is not None and run.started_at is not None and beat >= run.started_at
    return ActivityRow(
        id=run.pk,
        invocation=run.invocation,
        activity=run.activity,
        state=run.state,
        kind=run.kind,
        title=run.title,
        status=run.status,
        attempts=run.attempts,
        max_attempts=json.loads(run.spec)["retry"]["max_attempts"],
        due=run.due,
        last_error=run.last_error,
        result=json.loads(run.result) if run.result else None,
        late=run.late,
        compensates=run.compensates,
        progress=json.loads(run.progress) if alive else None,
        heartbeat_at=beat if alive else None,
    )


def incidents(
    machine: int | None = None, state: str = "", kind: str = "", open_only: bool = True, limit: int = 200
) -> list[IncidentRow]:
    """Incidents, the longest lasting first; empty values do not narrow."""
    found = Incident.objects.all()
    if machine is not None:
        found = found.filter(machine=machine)
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if open_only:
        found = found.filter(resolved_at=None)
    return _incident_rows(found, limit)


def failures(machine: int | None = None, limit: int = 50) -> list[IncidentRow]:
    """Open incidents which are not mere lateness: failed activities and compensations, loops, poison."""
    found = Incident.objects.exclude(kind="overdue").filter(resolved_at=None)
    return _incident_rows(found if machine is None else found.filter(machine=machine), limit)


def _incident_rows(found: QuerySet[Incident], limit: int) -> list[IncidentRow]:
    return [
        IncidentRow(
            id=incident.pk,
            machine=incident.machine_id,
            instance=incident.instance_id,
            key=incident.instance.key,
            version=incident.version.number,
            kind=incident.kind,
            state=incident.state,
            message=incident.message,
            since=incident.since,
            opened_at=incident.opened_at,
            resolved_at=incident.resolved_at,
            resolution=incident.resolution,
        )
        for incident in found.select_related("instance", "version").order_by("since", "id")[: max(1, min(limit, MOST))]
    ]


_STUCK = """
SELECT state, kind, count(*), min(since) FROM runtime_incident
WHERE machine_id = %s AND resolved_at IS NULL GROUP BY state, kind ORDER BY count(*) DESC, state, kind"""


def stuck_groups(machine: int) -> list[StuckGroup]:
    """Open incidents grouped by state and kind, the largest group first."""
    return [StuckGroup(*row) for row in rows_of(_STUCK, [machine])]


_DWELL = """
WITH moved AS (
    SELECT j.instance_id, j.seq, j.occurred_at, j.detail::jsonb AS detail
    FROM runtime_journalentry j JOIN runtime_instance i ON i.id = j.instance_id
    WHERE i.machine_id = %s AND j.outcome = 'applied' ORDER BY j.recorded_at DESC LIMIT %s
), entered AS (
    SELECT instance_id, seq, occurred_at, state FROM moved, jsonb_array_elements_text(detail->'entered') state
), stayed AS (
    SELECT e.state, extract(epoch FROM (
        SELECT min(x.occurred_at) FROM moved x
        WHERE x.instance_id = e.instance_id AND x.seq > e.seq AND x.detail->'exited' ? e.state
    ) - e.occurred_at)::float AS seconds
    FROM entered e
)
SELECT state, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)
FROM stayed WHERE seconds IS NOT NULL GROUP BY state ORDER BY state"""


def state_dwell(machine: int, sample: int = 5_000) -> list[Dwell]:
    """How long states were held, from the newest `sample` applied journal rows."""
    return [Dwell(*row) for row in rows_of(_DWELL, [machine, max(1, min(sample, 50_000))])]
