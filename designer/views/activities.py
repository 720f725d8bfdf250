"""Adding, changing and deleting the activities of a state."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from designer import edits
from designer.forms.activities import ActivityForm
from designer.inspector import activity_form, activity_panel, new_activity_panel
from designer.views.common import MemberRequest, inspect, machine_of, member, refused, submit


@member
@require_POST
def add(request: MemberRequest, slug: str) -> HttpResponse:
    """Add an activity; when only another kind was chosen, show the fields of that kind."""
    machine = machine_of(request, slug)
    state = request.POST.get("owner", "")
    edits.find_state(machine.draft, state)
    shown, kind = request.POST.get("shown_kind", ""), request.POST.get("kind", "http")
    form = activity_form(machine.draft, kind, {}, request.POST)
    if shown and shown != kind:
        return inspect(request, machine, new_activity_panel(machine, state, kind, _fresh(machine.draft, request, kind)))
    if not form.is_valid():
        return refused(request, machine, new_activity_panel(machine, state, kind, form))
    values = form.values({})
    return submit(
        request,
        machine,
        f"add {values['title']}",
        lambda document: edits.add_activity(document, state, values),
        lambda: new_activity_panel(machine, state, kind, form),
    )


@member
@require_POST
def save(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    ref = request.POST.get("ref", "")
    slot = edits.find_activity(machine.draft, ref)
    old = slot.items[slot.position]
    shown, kind = request.POST.get("shown_kind", ""), request.POST.get("kind", "http")
    if shown and shown != kind:
        return inspect(request, machine, activity_panel(machine, ref, _fresh(machine.draft, request, kind)))
    form = activity_form(machine.draft, kind, old, request.POST)
    if not form.is_valid():
        return refused(request, machine, activity_panel(machine, ref, form))
    values = form.values(old)
    return submit(
        request,
        machine,
        f"change {values['title']}",
        lambda document: (edits.update_activity(document, ref, values), ref),
        lambda: activity_panel(machine, ref, form),
    )


@member
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str) -> HttpResponse:
    """GET says in a dialog what goes with the activity; POST deletes it."""
    machine = machine_of(request, slug)
    ref = request.POST.get("ref", "") if request.method == "POST" else request.GET.get("ref", "")
    slot = edits.find_activity(machine.draft, ref)
    activity = slot.items[slot.position]
    title = str(activity.get("title") or activity.get("kind"))
    if request.method == "GET":
        waiting = len(activity.get("onDone") or []) + ("target" in (activity.get("onFailure") or {}))
        context = {
            "machine": machine,
            "ref": ref,
            "title": title,
            "transitions": waiting,
            "undo": activity.get("compensate"),
        }
        return render(request, "designer/_delete_activity.html", context)
    state = ref.split("/", 1)[0]
    return submit(
        request,
        machine,
        f"delete {title}",
        lambda document: (edits.delete_activity(document, ref), state),
        lambda: activity_panel(machine, ref),
    )


def _fresh(document: dict[str, Any], request: MemberRequest, kind: str) -> ActivityForm:
    """The form for another kind with what was already typed, without errors about what was not."""
    posted = activity_form(document, kind, {}, request.POST)
    form = activity_form(document, kind, {"kind": kind})
    for name in form.fields:
        if name in request.POST:
            form.initial[name] = posted[name].value()
    return form
