"""The first page of the administration, and the page of one machine: where instances stand and which are stuck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404
from orchestrator.operations.access import visible
from orchestrator.operations.charts import current_chart, title_of
from orchestrator.operations.diagram import draw
from orchestrator.operations.distribution import Distribution, distribution, heat_overlay
from orchestrator.operations.figures import Sparkline, sparkline
from orchestrator.operations.health import health_cells
from orchestrator.operations.live import is_partial, live_part
from orchestrator.operations.stuck import stuck_groups
from orchestrator.runtime.listings import failures
from orchestrator.runtime.queries import MachineSummary, ThroughputPoint, health, summaries, throughput
from orchestrator.runtime.queries_database import database_health
from orchestrator.runtime.queries_instances import ended_since

WINDOW = timedelta(minutes=10)
BUCKETS = 60
DAY = timedelta(hours=24)
MACHINES_SHOWN = 60
RECENT_FAILURES = 5


@dataclass(frozen=True, slots=True)
class MachineCard:
    machine: Machine
    summary: MachineSummary
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class Flow:
    """Events per second: over the last minute and at the peak of the window, with its line."""

    rate: float
    peak: float
    peak_at: datetime | None
    spark: Sparkline


@dataclass(frozen=True, slots=True)
class Totals:
    """The key figures of one machine or of all that a person sees."""

    running: int
    stuck: int
    ended: Mapping[str, int]
    all_ended: int

    @property
    def failed(self) -> int:
        return self.ended.get("failed", 0)

    @property
    def completed(self) -> int:
        return self.ended.get("completed", 0)


def dashboard(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """The index page; `context` is what every page of the administration gets."""
    machines = visible(request)
    sums = summaries(list(machines))
    cards = [MachineCard(m, _summary(sums, m), distribution(m)) for m in _busiest(machines, sums)]
    part = {
        "cards": cards,
        "hidden": len(machines) - len(cards),
        "cells": health_cells(health(), database_health()),
        "totals": _totals(list(machines), sums),
        "flow": _flow(None),
        "groups": stuck_groups(list(machines.values())),
        "may_change": request.user.has_perm("definitions.change_machine"),
    }
    if is_partial(request):
        return live_part(request, "operations/_dashboard.html", part)
    return render(
        request, "operations/dashboard.html", {**context, **part, "title": "Dashboard", "section": "dashboard"}
    )


def machine_page(request: HttpRequest, context: Mapping[str, Any], slug: str) -> HttpResponse:
    """One machine: its diagram with heat and counts, the table of states, the stuck, the failed, the flow."""
    machine = get_machine_or_404(request.user, slug)
    chart = current_chart(machine)
    stands = distribution(machine)
    groups = stuck_groups([machine])
    around = {group.state: group.count for group in groups}
    part = {
        "machine": machine,
        "stands": stands,
        "picture": draw(chart, heat_overlay(stands.lines, around), machine.title) if chart else None,
        "totals": _totals([machine.pk], summaries([machine.pk])),
        "flow": _flow(machine.pk),
        "groups": groups,
        "failures": [(row, title_of(chart, row.state)) for row in failures(machine.pk, RECENT_FAILURES)],
        "may_change": can_edit(request.user, machine),
    }
    if is_partial(request):
        return live_part(request, "operations/_machine.html", part)
    return render(
        request, "operations/machine.html", {**context, **part, "title": machine.title, "section": "dashboard"}
    )


def _summary(sums: Mapping[int, MachineSummary], machine: Machine) -> MachineSummary:
    return sums.get(machine.pk) or MachineSummary(machine=machine.pk, running=0, finished=0, failed=0, stuck=0)


def _busiest(machines: Mapping[int, Machine], sums: Mapping[int, MachineSummary]) -> list[Machine]:
    """Machines with stuck instances first, then those with most running; the page shows the first 60."""

    def rank(machine: Machine) -> tuple[int, int, str]:
        known = _summary(sums, machine)
        return (-known.stuck, -known.running - known.finished, machine.title)

    return sorted(machines.values(), key=rank)[:MACHINES_SHOWN]


def _totals(machines: list[int], sums: Mapping[int, MachineSummary]) -> Totals:
    ended = ended_since(machines, timezone.now() - DAY)
    return Totals(
        running=sum(s.running for s in sums.values()),
        stuck=sum(s.stuck for s in sums.values()),
        ended=ended,
        all_ended=sum(ended.values()),
    )


def _flow(machine: int | None) -> Flow:
    points: list[ThroughputPoint] = throughput(machine, timezone.now() - WINDOW, BUCKETS)
    width = WINDOW.total_seconds() / BUCKETS
    peak = max(points, key=lambda point: point.events, default=None)
    recent = points[-2:]
    return Flow(
        rate=sum(p.events for p in recent) / (width * len(recent)) if recent else 0.0,
        peak=peak.events / width if peak else 0.0,
        peak_at=peak.at if peak and peak.events else None,
        spark=sparkline([p.events for p in points]),
    )
