"""Everything that needs a person, and what needed one lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestrator.definitions.charts import chart_of
from orchestrator.operations.access import visible
from orchestrator.operations.charts import title_of
from orchestrator.operations.live import is_partial, live_part
from orchestrator.runtime.queries_instances import incidents, open_incidents

SHOWN = 200


@require_GET
def incident_list(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """Open incidents, or with `?all=1` resolved ones too; the newest 200."""
    machines = list(visible(request))
    everything = request.GET.get("all") == "1"
    rows = incidents(machines, open_only=not everything, limit=SHOWN)
    part = {
        "rows": [(row, title_of(chart_of(row.version_id), row.state)) for row in rows],
        "everything": everything,
        "total": open_incidents(machines),
        "shown": SHOWN,
    }
    if is_partial(request):
        return live_part(request, "operations/_incidents.html", part)
    return render(
        request, "operations/incidents.html", {**context, **part, "title": "Incidents", "section": "incidents"}
    )
