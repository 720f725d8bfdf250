"""The design page, its inspector, undo and redo, the live check of expressions, and the export."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from designer import drafts
from designer.edits import Document, update_chart
from designer.forms.actions import ActionList, new_row
from designer.forms.base import TEXT_LENGTH
from designer.forms.chart import ChartForm
from designer.inspector import chart_form, chart_panel, current_panel, new_panel
from designer.studio import build
from designer.views.common import (
    MemberRequest,
    changed,
    draft_moved,
    inspect,
    machine_of,
    member,
    refused,
    seen_revision,
    submit,
)
from orchestrator.definitions.models import Machine
from orchestrator.statechart.expressions import check

PREFIXES = ("entry", "exit", "actions")


@member
@require_GET
def design(request: MemberRequest, slug: str) -> HttpResponse:
    """The whole page; `?select=<ref>` opens the form of a state, transition or activity."""
    machine = machine_of(request, slug)
    studio = build(machine, request.user, request.GET.get("select", ""))
    panel = current_panel(machine, studio.selection.ref)
    context = {"studio": studio, "machine": machine, "panel": panel, "editable": studio.editable}
    return render(request, "designer/design.html", context)


@member
@require_GET
def inspector(request: MemberRequest, slug: str) -> HttpResponse:
    """The form of what was selected, or (`?new=`) of what is to be added; everything when the draft moved on."""
    machine = machine_of(request, slug)
    ref, new = request.GET.get("ref", ""), request.GET.get("new", "")
    if new in ("state", "transition", "activity"):
        return inspect(request, machine, new_panel(machine, new, ref, request.GET.get("kind", "")))
    if seen_revision(request) != machine.draft_revision:
        return changed(request, machine, ref, "The draft was changed meanwhile; this is the newest.")
    return inspect(request, machine, current_panel(machine, ref))


@member
@require_POST
def save_chart(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    form = chart_form(machine, request.POST)
    if not form.is_valid():
        return refused(request, machine, chart_panel(machine, form))

    def edit(document: Document) -> tuple[Document, str]:
        _keep_settings(machine, form)
        data = form.cleaned_data
        values = {name: data[name] for name in ("title", "description", "context")}
        return update_chart(document, {**values, "initial": data["starts_in"]}), ""

    return submit(request, machine, "change the chart", edit, lambda: chart_panel(machine, form))


def _keep_settings(machine: Machine, form: ChartForm) -> None:
    """Who gets alerts, and what a taken key means, belong to the machine, not to a version: they count at once."""
    machine.alert_recipients = form.cleaned_data["recipients"]
    machine.key_policy = form.cleaned_data["key_policy"]
    machine.save(update_fields=["alert_recipients", "key_policy", "updated_at"])


@member
@require_POST
def undo(request: MemberRequest, slug: str) -> HttpResponse:
    return _step(request, slug, drafts.undo, "Undone", "Nothing to undo.")


@member
@require_POST
def redo(request: MemberRequest, slug: str) -> HttpResponse:
    return _step(request, slug, drafts.redo, "Done again", "Nothing to redo.")


def _step(
    request: MemberRequest, slug: str, step: Callable[[Machine, int], str | None], done: str, nothing: str
) -> HttpResponse:
    machine = machine_of(request, slug)
    try:
        label = step(machine, seen_revision(request))
    except drafts.DraftMovedError as moved:
        return draft_moved(request, machine, moved)
    machine.refresh_from_db()
    return changed(request, machine, request.POST.get("ref", ""), f"{done}: {label}." if label else nothing)


@member
@require_POST
def check_expression(request: MemberRequest, slug: str) -> HttpResponse:
    """Whether the guard compiles, while it is being typed."""
    machine_of(request, slug)
    text = request.POST.get("guard", "").strip()
    too_long = len(text) > TEXT_LENGTH
    problem = f"Longer than {TEXT_LENGTH} characters." if too_long else check(text, boolean=True) if text else None
    return render(request, "designer/_live.html", {"text": text, "problem": problem})


@member
@require_GET
def action_row(request: MemberRequest, slug: str) -> HttpResponse:
    """An empty row of an action editor."""
    machine_of(request, slug)
    kind, prefix = request.GET.get("type", ""), request.GET.get("prefix", "")
    if kind not in ActionList(prefix, "", ()).types or prefix not in PREFIXES:
        raise Http404("There is no such action.")
    context = {"row": new_row(kind), "editor": ActionList(prefix, "", ()), "new": True}
    return render(request, "designer/_action.html", context)


@member
@require_GET
def export(request: MemberRequest, slug: str) -> HttpResponse:
    """The draft, or (`?version=N`) a published version, as a JSON file."""
    machine = machine_of(request, slug)
    number = request.GET.get("version", "")
    name, document = f"{machine.slug}-draft", machine.draft
    if number:
        version = (
            machine.versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
        )
        if version is None:
            raise Http404("There is no such version.")
        name, document = f"{machine.slug}-v{version.number}", version.document
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response
