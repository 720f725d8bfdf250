"""The list of schedules, and the page of one: its next times, its history, its backfills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestrator.definitions.permissions import can_edit
from orchestrator.operations.access import schedule_or_404, visible
from orchestrator.operations.live import is_partial, live_part
from orchestrator.operations.schedule_forms import CATCH_UP_WORDS, OVERLAP_WORDS
from orchestrator.schedules import queries, store
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.schedules.recurrence import zone_of

OUTCOME_BADGES = {"started": "ok", "existing": "info", "queued": "accent", "missed": "stuck", "refused": "bad"}
Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A time as the clock of the schedule's zone shows it, and in UTC."""

    local: str
    utc: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list or of the history."""

    schedule: Schedule
    firing: Firing | None
    due: Shown | None
    badge: str
    words: str = ""
    next: Shown | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is."""

    backfill: Backfill
    first: Shown
    last: Shown


def schedule_list(request: HttpRequest, context: Context) -> HttpResponse:
    machines = visible(request)
    rows = queries.listed(machines)
    part = {"lines": [_listed(row.schedule, row.last) for row in rows], "most": queries.MOST_LISTED}
    if is_partial(request):
        return live_part(request, "operations/_schedules.html", part)
    may_make = any(can_edit(request.user, machine) for machine in machines.values())
    page = {**context, **part, "may_make": may_make, "title": "Schedules", "section": "schedules"}
    return render(request, "operations/schedules.html", page)


@require_GET
def schedule_page(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    schedule = schedule_or_404(request, pk)
    part = {
        "schedule": schedule,
        "machine": schedule.machine,
        "words": schedule.recurrence.words(),
        "times": _next_times(schedule),
        "lines": [_line(schedule, firing) for firing in queries.history(schedule)],
        "backfills": [
            Progress(found, shown(found.from_at, schedule.zone), shown(found.to_at, schedule.zone))
            for found in queries.backfills(schedule)
        ],
        "queued": shown(schedule.queued_for, schedule.zone) if schedule.queued_for else None,
        "catch_up": CATCH_UP_WORDS[schedule.catch_up],
        "overlap": OVERLAP_WORDS[schedule.overlap],
    }
    if is_partial(request):
        return live_part(request, "operations/_schedule.html", part)
    may_change = can_edit(request.user, schedule.machine)
    page = {**context, **part, "may_change": may_change, "title": schedule.name, "section": "schedules"}
    return render(request, "operations/schedule.html", page)


def shown(moment: datetime, zone: str) -> Shown:
    """In UTC alone when the zone is none that is known."""
    try:
        local = moment.astimezone(zone_of(zone))
    except RecurrenceError:
        local = moment.astimezone(UTC)
    offset = f"{local:%z}"
    return Shown(f"{_day_and_time(local)} {offset[:3]}:{offset[3:5]}", f"{_day_and_time(moment.astimezone(UTC))} UTC")


def _day_and_time(moment: datetime) -> str:
    """The seconds only when there are some."""
    return f"{moment:%a} {moment.day} {moment:%b %Y %H:%M}{f':{moment:%S}' if moment.second else ''}"


def all_shown(moments: Iterable[datetime], zone: str) -> list[Shown]:
    return [shown(moment, zone) for moment in moments]


def _next_times(schedule: Schedule) -> list[Shown]:
    """From the time which the schedule stands at; none while it is paused."""
    if schedule.paused or schedule.next_at is None:
        return []
    try:
        return all_shown(queries.upcoming(schedule.recurrence, store.now()), schedule.zone)
    except RecurrenceError:
        return []


def _listed(schedule: Schedule, last: Firing | None) -> Line:
    line = _line(schedule, last)
    following = shown(schedule.next_at, schedule.zone) if schedule.next_at else None
    return Line(schedule, last, line.due, line.badge, schedule.recurrence.words(), following)


def _line(schedule: Schedule, firing: Firing | None) -> Line:
    if firing is None:
        return Line(schedule, None, None, "")
    return Line(schedule, firing, shown(firing.due, schedule.zone), OUTCOME_BADGES.get(firing.outcome, ""))
