"""The read side over several machines at once, for operations; `listings` has one machine and one instance in full.

Every answer is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Min, QuerySet

from orchestrator.runtime.models import InboxEvent, Incident, Instance, JournalEntry
from orchestrator.statechart.snapshot import Snapshot, from_json

PAGE_SIZE = 50
MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class InstanceSearch:
    """Which instances are asked for. `machines` are the ids which the reader may see; empty values do not narrow.

    `states` are leaf states, any of which must be active. `key` is a part of the business key.
    """

    machines: Sequence[int]
    states: Sequence[str] = ()
    status: str = ""
    stuck: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One line of a list. `stuck_since` is when the oldest open incident began (event time), `stuck_in` its state."""

    id: int
    key: str
    machine: str
    machine_title: str
    version: int
    version_id: int
    status: str
    states: tuple[str, ...]
    entered: datetime | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    stuck_since: datetime | None = None
    stuck_in: str = ""
    stuck_kind: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[InstanceRow]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class IncidentLine:
    id: int
    instance: int
    key: str
    machine_id: int
    machine: str
    machine_title: str
    version_id: int
    kind: str
    state: str
    message: str
    since: datetime
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class IncidentGroup:
    """Open incidents of one kind in one state: `since` is the oldest (event time), `sample` one message."""

    machine_id: int
    machine: str
    machine_title: str
    kind: str
    state: str
    count: int
    since: datetime
    latest: datetime
    sample: str = field(default="")


def find_instances(wanted: InstanceSearch, page: int = 1, size: int = PAGE_SIZE) -> Page:
    """One page, newest first, and the exact total. A page past the end answers the last one."""
    found = matching(wanted)
    total = found.count()
    pages = max(1, -(-total // size))
    number = min(max(page, 1), pages)
    rows = found.select_related("machine", "version").order_by("-id")[(number - 1) * size : number * size]
    return Page(rows=_rows(list(rows)), total=total, number=number, pages=pages)


def snapshot_of(instance: int) -> Snapshot:
    """The snapshot of an instance; an empty one while it is not started, or when it is unknown."""
    text = Instance.objects.filter(pk=instance).values_list("snapshot", flat=True).first()
    return _snapshot(text or "")


def find_ids(wanted: InstanceSearch, limit: int = MAX_ROWS) -> list[int]:
    """Ids of what `find_instances` lists, newest first, at most `limit`."""
    return list(matching(wanted).order_by("-id").values_list("id", flat=True)[: min(limit, MAX_ROWS)])


def rows_of(ids: Sequence[int], machines: Sequence[int]) -> list[InstanceRow]:
    """Rows of these instances as far as they belong to these machines; at most 1,000."""
    chosen = Instance.objects.filter(id__in=list(ids)[:MAX_ROWS], machine_id__in=list(machines))
    return _rows(list(chosen.select_related("machine", "version").order_by("-id")))


def incidents(machines: Sequence[int], open_only: bool = True, limit: int = 200) -> list[IncidentLine]:
    """Incidents of these machines, newest first."""
    rows = Incident.objects.filter(machine__in=list(machines))
    return _incidents((rows.filter(resolved_at=None) if open_only else rows).order_by("-id"), limit)


def open_incidents(machines: Sequence[int]) -> int:
    return Incident.objects.filter(machine__in=list(machines), resolved_at=None).count()


def incident_groups(machines: Sequence[int], limit: int = 100) -> list[IncidentGroup]:
    """Open incidents by machine, state and kind, the largest group first, each with one message as a sample."""
    names = ("machine_id", "machine__slug", "machine__title", "kind", "state")
    rows = (
        Incident.objects.filter(machine__in=list(machines), resolved_at=None)
        .values(*names)
        .annotate(count=Count("id"), first=Min("since"), latest=Max("opened_at"), sample=Max("message"))
        .order_by("-count", "machine_id", "state")[:limit]
    )
    return [
        IncidentGroup(
            machine_id=row["machine_id"],
            machine=row["machine__slug"],
            machine_title=row["machine__title"],
            kind=row["kind"],
            state=row["state"],
            count=row["count"],
            since=row["first"],
            latest=row["latest"],
            sample=row["sample"],
        )
        for row in rows
    ]


def ended_since(machines: Sequence[int], since: datetime) -> dict[str, int]:
    """How many instances ended since then, by status."""
    rows = Instance.objects.filter(machine__in=list(machines), finished_at__gte=since).values("status")
    return {row["status"]: row["count"] for row in rows.annotate(count=Count("id")).order_by()}


def statuses(ids: Sequence[int]) -> dict[str, int]:
    """How many of these instances have which status now."""
    rows = Instance.objects.filter(id__in=list(ids)[:MAX_ROWS]).values("status")
    return {row["status"]: row["count"] for row in rows.annotate(count=Count("id")).order_by()}


def waiting_inputs(ids: Sequence[int]) -> int:
    """How many of these instances have inputs that wait to be applied."""
    return InboxEvent.objects.filter(instance__in=list(ids)[:MAX_ROWS]).values("instance").distinct().count()


def fate_of(instance: int, event: int) -> JournalEntry | None:
    """The journal row of an accepted event; None while it waits."""
    return JournalEntry.objects.filter(instance_id=instance, event=event).first()


def matching(wanted: InstanceSearch) -> QuerySet[Instance]:
    """All that is asked for, for those in the runtime who bound it themselves."""
    rows = Instance.objects.filter(machine__in=list(wanted.machines))
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.key:
        rows = rows.filter(key__icontains=wanted.key)
    states = "|".join(re.escape(state) for state in wanted.states)
    if wanted.stuck:
        troubled = Incident.objects.filter(machine__in=list(wanted.machines), resolved_at=None)
        if wanted.states:
            troubled = troubled.filter(state__in=list(wanted.states))
        return rows.filter(id__in=troubled.values("instance"))
    return rows.filter(configuration__regex=f"(^| )({states})( |$)") if states else rows


def _rows(instances: list[Instance]) -> list[InstanceRow]:
    trouble: dict[int, Incident] = {}
    for incident in Incident.objects.filter(instance__in=instances, resolved_at=None).order_by("since"):
        trouble.setdefault(incident.instance_id, incident)
    return [_row(instance, trouble.get(instance.pk)) for instance in instances]


def _row(instance: Instance, incident: Incident | None) -> InstanceRow:
    entered = _snapshot(instance.snapshot).entered
    states = tuple(instance.configuration.split())
    return InstanceRow(
        id=instance.pk,
        key=instance.key,
        machine=instance.machine.slug,
        machine_title=instance.machine.title,
        version=instance.version.number,
        version_id=instance.version_id,
        status=instance.status,
        states=states,
        entered=max((entered[state] for state in states if state in entered), default=None),
        started_at=instance.started_at,
        updated_at=instance.updated_at,
        finished_at=instance.finished_at,
        stuck_since=incident.since if incident else None,
        stuck_in=incident.state if incident else "",
        stuck_kind=incident.kind if incident else "",
    )


def _snapshot(text: str) -> Snapshot:
    """The snapshot; an instance whose start is not applied yet has none and reads as an empty one."""
    return Snapshot() if text in ("", "{}") else from_json(text)


def _incidents(rows: QuerySet[Incident], limit: int) -> list[IncidentLine]:
    return [
        IncidentLine(
            id=row.pk,
            instance=row.instance_id,
            key=row.instance.key,
            machine_id=row.machine_id,
            machine=row.machine.slug,
            machine_title=row.machine.title,
            version_id=row.version_id,
            kind=row.kind,
            state=row.state,
            message=row.message,
            since=row.since,
            opened_at=row.opened_at,
            resolved_at=row.resolved_at,
            resolution=row.resolution,
        )
        for row in rows.select_related("instance", "machine")[:limit]
    ]
