"""Adding, changing and deleting states."""

from __future__ import annotations

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST

from designer import edits
from designer.edits import Document
from designer.forms.actions import ActionList, read
from designer.forms.states import NewStateForm, StateForm
from designer.inspector import new_state_panel, state_form, state_panel
from designer.selection import choices, title_of
from designer.views.common import MemberRequest, machine_of, member, refused, submit


@member
@require_POST
def add(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    form = NewStateForm(request.POST, parents=choices(machine.draft))
    if not form.is_valid():
        return refused(request, machine, new_state_panel(machine, "", form))
    data = form.cleaned_data
    key = data["key"] or key_from(data["title"], set(edits.state_ids(machine.draft)))

    def edit(document: Document) -> tuple[Document, str]:
        title = "" if title_of(key, {}) == data["title"] else data["title"]
        return edits.add_state(document, key, title, data["type"], data["parent"] or None), key

    return submit(request, machine, f"add {data['title']}", edit, lambda: new_state_panel(machine, "", form))


@member
@require_POST
def save(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    key = request.POST.get("ref", "")
    form = state_form(machine.draft, key, request.POST)
    lists = [read(request.POST, "entry", "On entry, in order"), read(request.POST, "exit", "On exit, in order")]
    if not form.is_valid() or not all(editor.valid for editor in lists):
        return refused(request, machine, state_panel(machine, key, form, lists))
    label = f"change {form.cleaned_data['title'] or form.cleaned_data['key']}"
    return submit(
        request,
        machine,
        label,
        lambda document: _edited(document, key, form, lists),
        lambda: state_panel(machine, key, form, lists),
    )


@member
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str) -> HttpResponse:
    """GET says in a dialog what goes with the state; POST deletes it."""
    machine = machine_of(request, slug)
    key = request.POST.get("ref", "") if request.method == "POST" else request.GET.get("ref", "")
    place = edits.find_state(machine.draft, key)
    title = title_of(key, place.state)
    if request.method == "GET":
        context = {
            "machine": machine,
            "ref": key,
            "title": title,
            "inside": len(edits.state_ids(place.state)),
            "transitions": len(edits.doomed_transitions(machine.draft, key)),
        }
        return render(request, "designer/_delete_state.html", context)
    parent = place.parent or ""
    return submit(
        request,
        machine,
        f"delete {title}",
        lambda document: (edits.delete_state(document, key), parent),
        lambda: state_panel(machine, key),
    )


def key_from(title: str, taken: set[str]) -> str:
    """A free key out of a title: “Under review” gives under_review, then under_review_2."""
    base = slugify(title).replace("-", "_")[:70] or "state"
    base = base if re.match(r"[a-z_]", base) else f"s_{base}"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key


def _edited(document: Document, key: str, form: StateForm, lists: list[ActionList]) -> tuple[Document, str]:
    """All fields of the form as edits, one after the other; a changed key is what is selected afterwards."""
    data = form.cleaned_data
    new = data["key"]
    document = edits.rename_state(document, key, new)
    document = edits.move_state(document, new, data["parent"] or None)
    values = {
        "title": "" if data["title"] == title_of(new, {}) else data["title"],
        "type": data["type"],
        "description": data["description"],
        "expectedWithin": data["expected_within"],
        "entry": list(lists[0].actions),
        "exit": list(lists[1].actions),
    }
    shown = {"starts_in": "initial", "history": "history"}
    values.update({key: data[name] for name, key in shown.items() if name in data})
    return edits.update_state(document, new, values), new
