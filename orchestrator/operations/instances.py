"""The list of instances with its filters, and the page of one instance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404
from orchestrator.operations.access import instance_or_404, visible
from orchestrator.operations.charts import current_chart, leaves, title_of
from orchestrator.operations.diagram import draw
from orchestrator.operations.interventions import FINISHED, possible
from orchestrator.operations.live import is_partial, live_part
from orchestrator.operations.standing import path_overlay, waiting_for
from orchestrator.operations.timeline import timeline
from orchestrator.runtime.listings import ActivityRow, InstanceDetail
from orchestrator.runtime.queries import JournalRow, journal
from orchestrator.runtime.queries_instances import (
    MAX_ROWS,
    InstanceRow,
    InstanceSearch,
    Page,
    fate_of,
    find_instances,
)
from orchestrator.statechart.definition import Chart

STATUSES = ["running", "suspended", "completed", "failed", "compensating", "compensated", "cancelled"]
JOURNAL_ROWS = 200
KEY_LENGTH = 200
CONTEXT_LENGTH = 64_000
LAST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter as it stands in the address; unknown values are dropped, so that an old link still opens."""

    state: str = ""
    status: str = ""
    stuck: bool = False
    key: str = ""
    page: int = 1

    def query(self) -> str:
        """The address's query without the page."""
        fields = {"state": self.state, "status": self.status, "stuck": "1" if self.stuck else "", "q": self.key}
        found = QueryDict(mutable=True)
        found.update({name: value for name, value in fields.items() if value})
        return found.urlencode()


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row with the titles of its states."""

    row: InstanceRow
    states: str
    stuck_in: str


def asked_for(values: QueryDict) -> Asked:
    status = values.get("status", "")
    page = values.get("page", "1")
    return Asked(
        state=values.get("state", "")[:KEY_LENGTH],
        status=status if status in STATUSES else "",
        stuck=values.get("stuck") == "1",
        key=values.get("q", "").replace("\x00", "").strip()[:KEY_LENGTH],
        page=min(int(page), LAST_PAGE) if page.isdecimal() and len(page) < 8 else 1,
    )


def filter_of(machines: Mapping[int, Machine], machine: Machine | None, asked: Asked) -> InstanceSearch:
    """What the runtime is asked: a compound state stands for all leaf states inside it."""
    chart = current_chart(machine) if machine else None
    states = [asked.state.replace("\x00", "")] if asked.state else []
    if chart and asked.state:
        states = list(dict.fromkeys([asked.state, *leaves(chart, asked.state)]))
    ids = [machine.pk] if machine else list(machines)
    return InstanceSearch(machines=ids, states=states, status=asked.status, stuck=asked.stuck, key=asked.key)


def instance_list(request: HttpRequest, context: Mapping[str, Any], slug: str = "") -> HttpResponse:
    machines = visible(request)
    machine = get_machine_or_404(request.user, slug) if slug else None
    asked = asked_for(request.GET)
    page = find_instances(filter_of(machines, machine, asked), asked.page)
    chart = current_chart(machine) if machine else None
    part = {
        "machine": machine,
        "asked": asked,
        "query": asked.query(),
        "page": page,
        "rows": _listed(page),
        "state_title": title_of(chart, asked.state) if asked.state else "",
        "may_change": request.user.has_perm("definitions.change_machine")
        or bool(machine and can_edit(request.user, machine)),
        "cap": MAX_ROWS,
    }
    if is_partial(request):
        return live_part(request, "operations/_instances.html", part)
    choices = {"machines": machines.values(), "states": _state_choices(chart), "statuses": STATUSES}
    title = f"Instances of {machine.title}" if machine else "Instances"
    page_context = {**context, **part, **choices, "title": title, "section": "instances"}
    return render(request, "operations/instances.html", page_context)


def _listed(page: Page) -> list[ListedRow]:
    return [
        ListedRow(
            row=row,
            states=", ".join(title_of(chart_of(row.version_id), state) for state in row.states),
            stuck_in=title_of(chart_of(row.version_id), row.stuck_in) if row.stuck_in else "",
        )
        for row in page.rows
    ]


def _state_choices(chart: Chart | None) -> list[tuple[str, str]]:
    return [(s.id, s.title) for s in chart.states.values() if s.type not in ("history",)] if chart else []


def instance_page(request: HttpRequest, context: Mapping[str, Any], pk: int) -> HttpResponse:
    """One instance: where it stands, what it waits for, its journal, context, activities, timers and incidents."""
    machine, instance = instance_or_404(request, pk)
    part = {**instance_context(machine, instance), "fate": _fate(request, instance)}
    part["may_change"] = can_edit(request.user, machine)
    if is_partial(request):
        return live_part(request, "operations/_instance.html", part)
    return render(
        request, "operations/instance.html", {**context, **part, "title": instance.row.key, "section": "instances"}
    )


def instance_context(machine: Machine, instance: InstanceDetail) -> dict[str, Any]:
    """Everything the page of an instance shows."""
    chart, row = chart_of(instance.version_id), instance.row
    rows = journal(row.id, after=max(0, instance.seq - JOURNAL_ROWS), limit=JOURNAL_ROWS)
    open_ones = [incident for incident in instance.incidents if incident.resolved_at is None]
    text = json.dumps(instance.context, indent=2, ensure_ascii=False)
    return {
        "machine": machine,
        "instance": instance,
        "row": row,
        "states": [title_of(chart, state) for state in row.configuration],
        "waiting": waiting_for(chart, instance, open_ones, rows),
        "picture": draw(chart, path_overlay(chart, instance, rows, open_ones), machine.title),
        "moments": timeline(chart, rows, _arrived(rows)),
        "earlier": max(0, instance.seq - len(rows)),
        "context_json": text[:CONTEXT_LENGTH],
        "timers": [replace(t, ref=title_of(chart, t.ref)) if t.kind == "deadline" else t for t in instance.timers],
        "incidents": [(incident, title_of(chart, incident.state)) for incident in instance.incidents],
        "open_incidents": open_ones,
        "stuck_in": list(dict.fromkeys(title_of(chart, incident.state) for incident in open_ones)),
        "finished": row.status in FINISHED,
        "verbs": possible(instance),
        "retryable": bool(retryable(instance) or row.status == "failed" or instance.suspended),
    }


def retryable(instance: InstanceDetail) -> list[ActivityRow]:
    """Activities which a retry would run at once: out of attempts, or waiting for their next one."""
    return [r for r in instance.activities if r.status == "failed" or (r.status == "pending" and r.attempts)]


def _arrived(rows: list[JournalRow]) -> int:
    """The newest row which moved the instance."""
    return next((row.seq for row in reversed(rows) if row.detail.get("entered")), 0)


def _fate(request: HttpRequest, instance: InstanceDetail) -> dict[str, Any] | None:
    """What became of the event that was just sent from this page (`?event=`): waiting, applied, ignored or an error."""
    event = request.GET.get("event", "")
    if not event.isdecimal() or len(event) > 18:
        return None
    row = fate_of(instance.row.id, int(event))
    return {"outcome": row.outcome if row else "waiting", "name": row.name if row else ""}
