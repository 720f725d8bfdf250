"""One action on many instances: first a plan with counts, then the action, then a report of what really changed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404
from orchestrator.operations.access import actor, visible
from orchestrator.operations.charts import title_of
from orchestrator.operations.forms import OptionalReasonForm, ReasonForm
from orchestrator.operations.instances import asked_for, filter_of
from orchestrator.operations.live import is_partial, live_part
from orchestrator.runtime import commands
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.queries_instances import MAX_ROWS, InstanceRow, find_ids, rows_of, statuses, waiting_inputs

ACTIONS = {"retry": "Retry", "cancel": "Cancel"}
REPORTS_KEPT = 5
SESSION_KEY = "operations_bulk"
Context = Mapping[str, Any]


@require_POST
def bulk(request: HttpRequest, context: Context) -> HttpResponse:
    """Without `confirm` the plan: what would happen to how many. With it the action, each instance on its own."""
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        raise Http404("There is no such action.")
    rows = _chosen(request)
    form: ReasonForm | OptionalReasonForm = (
        OptionalReasonForm(request.POST) if action == "retry" else ReasonForm(request.POST)
    )
    confirmed = request.POST.get("confirm") == "1"
    if confirmed and rows and form.is_valid():
        report = _run(action, rows, form.cleaned_data["reason"], actor(request))
        return HttpResponseRedirect(reverse("admin:operations_bulk_report", args=[_keep(request, report)]))
    plan = {
        "action": action,
        "verb": ACTIONS[action],
        "rows": rows[:10],
        "more": max(0, len(rows) - 10),
        "count": len(rows),
        "capped": len(rows) == MAX_ROWS,
        "by_state": _by_state(rows),
        "finished": sum(row.status in ENDED for row in rows),
        "ids": ",".join(str(row.id) for row in rows),
        "form": form if confirmed else None,
        "title": f"{ACTIONS[action]} {len(rows):,} instances",
        "section": "instances",
    }
    return render(request, "operations/bulk.html", {**context, **plan}, status=422 if confirmed else 200)


def _chosen(request: HttpRequest) -> list[InstanceRow]:
    """The named instances, or all of the filter (`all=1`), as far as this person may act on them; at most 1,000."""
    machines = {pk: machine for pk, machine in visible(request).items() if can_edit(request.user, machine)}
    if request.POST.get("all") == "1":
        ids = find_ids(
            filter_of(machines, _machine(request, machines), asked_for(QueryDict(request.POST.get("query", ""))))
        )
    else:
        ids = _ids(request.POST.getlist("id") + request.POST.get("ids", "").split(","))
    return rows_of(ids, list(machines))


def _machine(request: HttpRequest, machines: Mapping[int, Machine]) -> Machine | None:
    slug = request.POST.get("machine", "")
    machine = get_machine_or_404(request.user, slug) if slug else None
    if machine and machine.pk not in machines:
        raise Http404
    return machine


def _ids(texts: Sequence[str]) -> list[int]:
    found = {int(text) for text in texts if text.isdecimal() and len(text) < 19}
    return sorted(found, reverse=True)[:MAX_ROWS]


def _by_state(rows: Sequence[InstanceRow]) -> list[tuple[str, str, int]]:
    """Machine, states and count, the largest first."""
    counts = Counter((r.machine_title, ", ".join(title_of(chart_of(r.version_id), s) for s in r.states)) for r in rows)
    return [(machine, states, count) for (machine, states), count in counts.most_common(20)]


def _run(action: str, rows: Sequence[InstanceRow], reason: str, who: str) -> dict[str, Any]:
    """Each instance by its own command; a refusal does not stop the others."""
    done: list[int] = []
    refused: Counter[str] = Counter()
    for row in rows:
        try:
            if action == "cancel":
                commands.cancel(row.id, reason, who)
                done.append(row.id)
            elif commands.retry(row.id, reason, who) or row.status == "failed":
                done.append(row.id)
            else:
                refused["No failed activity was waiting."] += 1
        except commands.CommandError as error:
            refused[error.message if error.code != "finished" else "It has ended already."] += 1
    return {"action": action, "asked": len(rows), "done": done, "refused": dict(refused)}


def _keep(request: HttpRequest, report: dict[str, Any]) -> str:
    """Reports live in the session: they are for the person who acted; the journal keeps the rest."""
    name = uuid.uuid4().hex
    kept = dict(list(request.session.get(SESSION_KEY, {}).items())[-(REPORTS_KEPT - 1) :])
    request.session[SESSION_KEY] = {**kept, name: report}
    return name


@require_GET
def bulk_report(request: HttpRequest, context: Context, name: str) -> HttpResponse:
    """What really changed: how many were taken, refused and why, and where the taken ones are now."""
    report = request.session.get(SESSION_KEY, {}).get(name)
    if report is None:
        raise Http404("This report is no longer kept.")
    now = statuses(report["done"])
    part = {
        "verb": ACTIONS[report["action"]],
        "action": report["action"],
        "asked": report["asked"],
        "done": len(report["done"]),
        "refused": sorted(report["refused"].items(), key=lambda item: -item[1]),
        "refused_count": sum(report["refused"].values()),
        "now": sorted(now.items(), key=lambda item: -item[1]),
        "waiting": waiting_inputs(report["done"]),
    }
    if is_partial(request):
        return live_part(request, "operations/_bulk_report.html", part)
    page = {**context, **part, "title": "What changed", "section": "instances"}
    return render(request, "operations/bulk_report.html", page)
