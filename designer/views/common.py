"""What the views share: who may come in, and the one answer that redraws the whole design page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from designer import drafts
from designer.edits import Document, EditError
from designer.inspector import Panel, current_panel
from designer.studio import build
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


def member(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lead those who are not logged in to the login page, also when only a part of a page was asked for."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return _found(view, cast(MemberRequest, request), *args, **kwargs)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(reverse("login"))
        return redirect_to_login(request.get_full_path())

    return guarded


def _found(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
    request: MemberRequest,
    *args: P.args,
    **kwargs: P.kwargs,
) -> HttpResponse:
    """A ref that names nothing in the draft is an address that is not there."""
    try:
        return view(request, *args, **kwargs)
    except EditError as error:
        raise Http404(error.message) from error


def machine_of(request: MemberRequest, slug: str) -> Machine:
    """The machine, if this user may see it; to POST one must also be able to edit it.

    Raises Http404, PermissionDenied.
    """
    machine = get_machine_or_404(request.user, slug)
    if request.method == "POST" and not can_edit(request.user, machine):
        raise PermissionDenied("You may look at this machine, but not change it.")
    return machine


def seen_revision(request: HttpRequest) -> int:
    """The revision which the page showed when this was sent; -1 when it did not say."""
    text = request.POST.get("revision") or request.GET.get("revision") or ""
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def submit(
    request: MemberRequest,
    machine: Machine,
    label: str,
    edit: Callable[[Document], tuple[Document, str]],
    refuse: Callable[[], Panel],
) -> HttpResponse:
    """Do an edit and redraw everything; `edit` also gives the ref to select, `refuse` the panel with the error."""
    selected = ""

    def change(document: Document) -> Document:
        nonlocal selected
        changed_document, selected = edit(document)
        return changed_document

    try:
        stored = drafts.apply(machine, request.user, seen_revision(request), label, change)
    except drafts.DraftMovedError as moved:
        return draft_moved(request, machine, moved)
    except EditError as error:
        panel = refuse()
        _say_error(panel.form, error)
        return refused(request, machine, panel)
    stored.refresh_from_db()
    return changed(request, stored, selected, f"Saved: {label}.")


def changed(request: MemberRequest, machine: Machine, ref: str, said: str) -> HttpResponse:
    """Diagram, outline, problems, toolbar and inspector in one answer, each swapped into its place."""
    studio = build(machine, request.user, ref)
    context = {"studio": studio, "machine": machine, "panel": current_panel(machine, ref), "said": said, "oob": True}
    response = render(request, "designer/_changed.html", context)
    response["HX-Replace-Url"] = design_url(machine, studio.selection.ref)
    return response


def inspect(request: MemberRequest, machine: Machine, panel: Panel, status: int = 200) -> HttpResponse:
    """Only the inspector."""
    context = {"machine": machine, "panel": panel, "oob": True, "editable": can_edit(request.user, machine)}
    return render(request, "designer/_inspector.html", context, status=status)


def refused(request: MemberRequest, machine: Machine, panel: Panel) -> HttpResponse:
    """The form with its errors; nothing was stored."""
    return inspect(request, machine, panel, status=422)


def draft_moved(request: MemberRequest, machine: Machine, moved: drafts.DraftMovedError) -> HttpResponse:
    """Say who changed the draft, and leave what the user typed where it is."""
    context = {"machine": machine, "moved": moved.revision, "oob": True, "ref": request.POST.get("ref", "")}
    return render(request, "designer/_moved.html", context, status=409)


def design_url(machine: Machine, ref: str = "") -> str:
    address = reverse("designer:design", args=[machine.slug])
    return f"{address}?{urlencode({'select': ref})}" if ref else address


def _say_error(form: forms.Form, error: EditError) -> None:
    if not form.is_bound:
        form.cleaned_data = {}
    form.add_error(error.field if error.field in form.fields else None, error.message)
