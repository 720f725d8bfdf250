"""Adding, changing and deleting transitions of every kind."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from designer import edits
from designer.edits import Document
from designer.forms.actions import read
from designer.forms.transitions import KINDS
from designer.inspector import new_transition_panel, transition_form, transition_panel
from designer.outline import words
from designer.selection import titles
from designer.views.common import MemberRequest, machine_of, member, refused, submit

ACTIONS = "Actions, in order"


@member
@require_POST
def add(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    kind = request.POST.get("kind", "on")
    kind = kind if kind in KINDS else "on"
    owner = request.POST.get("owner", "")
    form = transition_form(machine.draft, kind, {}, request.POST)
    editor = read(request.POST, "actions", ACTIONS)
    if not form.is_valid() or not editor.valid:
        return refused(request, machine, new_transition_panel(machine, owner, kind, form, editor))
    values = form.values(list(editor.actions))
    return submit(
        request,
        machine,
        f"add {words(kind, values)}",
        lambda document: edits.add_transition(document, owner, kind, values),
        lambda: new_transition_panel(machine, owner, kind, form, editor),
    )


@member
@require_POST
def save(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    ref = request.POST.get("ref", "")
    slot = edits.find_transition(machine.draft, ref)
    form = transition_form(machine.draft, slot.key, slot.items[slot.position], request.POST)
    editor = read(request.POST, "actions", ACTIONS)
    if not form.is_valid() or not editor.valid:
        return refused(request, machine, transition_panel(machine, ref, form, editor))
    values = form.values(list(editor.actions))
    return submit(
        request,
        machine,
        f"change {words(slot.key, values)}",
        lambda document: (edits.update_transition(document, ref, values), ref),
        lambda: transition_panel(machine, ref, form, editor),
    )


@member
@require_POST
def delete(request: MemberRequest, slug: str) -> HttpResponse:
    """A single transition goes without a question: undo brings it back."""
    machine = machine_of(request, slug)
    ref = request.POST.get("ref", "")
    slot = edits.find_transition(machine.draft, ref)
    state = ref.split("/", 1)[0]
    label = f"delete {words(slot.key, slot.items[slot.position])} of {titles(machine.draft).get(state, state)}"

    def edit(document: Document) -> tuple[Document, str]:
        return edits.delete_transition(document, ref), state

    return submit(request, machine, label, edit, lambda: transition_panel(machine, ref))
