"""Publishing, the list of versions, and starting an instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from designer.drafts import DraftMovedError
from designer.edits.tree import transition_slots, walk
from designer.forms.chart import PublishForm, StartForm
from designer.selection import title_of
from designer.studio import Studio, build
from designer.views.common import MemberRequest, draft_moved, machine_of, member, seen_revision
from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.publish import PublishError, StaleDraftError, publish
from orchestrator.runtime import commands


@dataclass(frozen=True, slots=True)
class Changes:
    """What a version brings, as state titles; compared state by state, children apart."""

    states: int
    transitions: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def changes(draft: Mapping[str, Any], current: Version | None) -> Changes:
    """The draft against the current version."""
    new, old = _flat(draft), _flat(current.document if current else {})
    named = {key: title_of(key, state) for key, state in {**old, **new}.items()}
    return Changes(
        states=len(new),
        transitions=sum(1 for _ in transition_slots(draft)),
        added=tuple(named[key] for key in new if key not in old),
        removed=tuple(named[key] for key in old if key not in new),
        changed=tuple(named[key] for key in new if key in old and new[key] != old[key]),
    )


def _flat(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        key: {**{name: value for name, value in place.state.items() if name != "states"}, "parent": place.parent}
        for key, place in walk(document)
    }


@member
@require_http_methods(["GET", "POST"])
def publish_draft(request: MemberRequest, slug: str) -> HttpResponse:
    """GET says in a dialog what will be published or why it cannot be; POST publishes it."""
    machine = machine_of(request, slug)
    studio = build(machine, request.user, request.POST.get("ref", request.GET.get("ref", "")))
    form = PublishForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _publish_dialog(request, studio, form)
    try:
        version = publish(machine, request.user, form.cleaned_data["notes"], seen_revision(request))
    except StaleDraftError:
        return draft_moved(request, machine, DraftMovedError(None))
    except PublishError as error:
        return _publish_dialog(request, studio, form, error)
    machine.refresh_from_db()
    context = {"machine": machine, "version": version, "studio": build(machine, request.user, ""), "oob": True}
    return render(request, "designer/_published.html", context)


def _publish_dialog(
    request: MemberRequest, studio: Studio, form: PublishForm, error: PublishError | None = None
) -> HttpResponse:
    problems = error.problems if error else [problem for problem in studio.problems if problem.severity == "error"]
    what = changes(studio.machine.draft, studio.machine.current)
    context = {"machine": studio.machine, "studio": studio, "form": form, "problems": problems, "what": what}
    return render(request, "designer/_publish.html", context)


@member
@require_GET
def versions(request: MemberRequest, slug: str) -> HttpResponse:
    machine = machine_of(request, slug)
    rows = machine.versions.select_related("published_by").order_by("-number")[:200]
    return render(request, "designer/versions.html", {"machine": machine, "versions": rows})


@member
@require_http_methods(["GET", "POST"])
def start(request: MemberRequest, slug: str) -> HttpResponse:
    """A dialog that starts one instance of the current version."""
    machine = machine_of(request, slug)
    form = StartForm(request.POST or None)
    started = _start(request, machine, form) if request.method == "POST" and form.is_valid() else None
    return render(request, "designer/_start.html", {"machine": machine, "form": form, "started": started})


def _start(request: MemberRequest, machine: Machine, form: StartForm) -> commands.Started | None:
    """Start it, or write the refusal into the form."""
    data = form.cleaned_data
    wanted = commands.StartRequest(machine=machine.slug, key=data["key"], context=data["context"] or {})
    try:
        return commands.start(wanted, actor=f"user:{request.user.get_username()}")
    except commands.CommandError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
