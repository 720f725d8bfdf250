"""What a person can do to schedules: make, change, pause, resume, backfill, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit
from orchestrator.operations.access import actor, require_change, schedule_or_404, visible
from orchestrator.operations.live import is_partial
from orchestrator.operations.schedule_forms import BackfillForm, RuleForm, ScheduleForm, initial_of
from orchestrator.operations.schedules import all_shown, shown
from orchestrator.runtime.commands import CommandError
from orchestrator.schedules import commands, queries
from orchestrator.schedules.models import Schedule
from orchestrator.schedules.recurrence import zone_names

Context = Mapping[str, Any]


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, context: Context) -> HttpResponse:
    machines = _editable_machines(request)
    wished = {"machine": request.GET.get("machine", "")}
    form = ScheduleForm(request.POST if request.method == "POST" else None, machines=machines, initial=wished)
    if form.is_valid():
        machine = next(one for one in machines if one.slug == form.cleaned_data["machine"])
        try:
            made = commands.create(machine, form.cleaned_data["name"], form.draft(), actor(request))
        except CommandError as error:
            form.refuse(error)
        else:
            messages.success(request, f"The schedule {made.name} is made.")
            return HttpResponseRedirect(reverse("admin:operations_schedule", args=[made.pk]))
    return _form(request, context, form, "New schedule")


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    schedule = _editable(request, pk)
    form = ScheduleForm(request.POST if request.method == "POST" else None, initial=initial_of(schedule))
    if form.is_valid():
        try:
            commands.change(pk, form.draft(), actor(request))
        except CommandError as error:
            form.refuse(error)
        else:
            messages.success(request, "The schedule is changed.")
            return _to_schedule(request, pk)
    return _form(request, {**context, "schedule": schedule}, form, f"Change {schedule.name}")


@require_POST
def preview(request: HttpRequest, context: Context) -> HttpResponse:
    """The next times of the rule in the form; nothing is stored."""
    _editable_machines(request)
    form = RuleForm(request.POST)
    part: dict[str, Any] = {}
    if form.is_valid():
        try:
            found = queries.preview(form.recurrence())
            zone = form.cleaned_data["zone"]
            part = {"words": found.words, "times": all_shown(found.times, zone), "zone": zone}
        except CommandError as error:
            form.refuse(error)
    part["errors"] = [text for texts in form.errors.values() for text in texts]
    return render(request, "operations/_schedule_preview.html", part)


@require_POST
def pause(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    _editable(request, pk)
    commands.pause(pk, actor(request))
    messages.success(request, "The schedule is paused: it starts nothing until it is resumed.")
    return _to_schedule(request, pk)


@require_POST
def resume(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    _editable(request, pk)
    commands.resume(pk, actor(request))
    messages.success(request, "The schedule goes on with its next time; a backfill brings what fell into the pause.")
    return _to_schedule(request, pk)


@require_http_methods(["GET", "POST"])
def backfill(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    """First the range, then its count to be confirmed, then the start."""
    schedule = _editable(request, pk)
    form = BackfillForm(request.POST if request.method == "POST" else None)
    part: dict[str, Any] = {"schedule": schedule, "form": form, "title": f"Backfill {schedule.name}"}
    if form.is_valid():
        first, last = form.moment("from_at", schedule.zone), form.moment("to_at", schedule.zone)
        if first is None or last is None:
            raise AssertionError("both times are required")
        try:
            part["plan"] = plan = commands.plan_backfill(schedule, first, last)
            part |= {"fresh": plan.total - plan.existing, "first": shown(first, schedule.zone)}
            part |= {"last": shown(last, schedule.zone)}
            if request.POST.get("confirm") == "1":
                commands.backfill(pk, first, last, actor(request))
                messages.success(request, "The backfill has begun; its progress stands below.")
                return _to_schedule(request, pk)
        except CommandError as error:
            part.pop("plan", None)
            form.refuse(error)
    return _dialog(request, context, "schedule_backfill", part)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    schedule = _editable(request, pk)
    if request.method == "POST":
        commands.remove(pk)
        messages.success(request, f"The schedule {schedule.name} is deleted; its instances stay.")
        address = reverse("admin:operations_schedules")
        return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)
    part = {"schedule": schedule, "title": f"Delete {schedule.name}", "firings": schedule.firings.count()}
    return _dialog(request, context, "schedule_delete", part)


def _editable(request: HttpRequest, pk: int) -> Schedule:
    schedule = schedule_or_404(request, pk)
    require_change(request, schedule.machine)
    return schedule


def _editable_machines(request: HttpRequest) -> Sequence[Machine]:
    """The machines for which this person may make schedules. Raises Http404 or PermissionDenied when there are none."""
    seen = visible(request).values()
    if not seen:
        raise Http404("There is no machine to schedule.")
    machines = [machine for machine in seen if can_edit(request.user, machine)]
    if not machines:
        raise PermissionDenied("You may see machines but not act on their instances.")
    return machines


def _form(request: HttpRequest, context: Context, form: ScheduleForm, title: str) -> HttpResponse:
    page = {**context, "form": form, "zones": zone_names(), "title": title, "section": "schedules"}
    return render(request, "operations/schedule_form.html", page, status=422 if form.errors else 200)


def _dialog(request: HttpRequest, context: Context, name: str, part: dict[str, Any]) -> HttpResponse:
    page = {**context, **part, "part": f"operations/_{name}.html", "section": "schedules"}
    template = "operations/_dialog.html" if is_partial(request) else "operations/schedule_action.html"
    form = part.get("form")
    return render(request, template, page, status=422 if form and form.errors else 200)


def _to_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    address = reverse("admin:operations_schedule", args=[pk])
    return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)
