"""What an operator can do to one instance: each dialog says first what will happen, the page afterwards what did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.operations.access import actor, instance_or_404, require_change
from orchestrator.operations.charts import event_choices, title_of
from orchestrator.operations.forms import OTHER, OptionalReasonForm, ReasonForm, SendForm
from orchestrator.operations.instances import retryable
from orchestrator.operations.live import is_partial
from orchestrator.operations.preview import Preview, preview
from orchestrator.runtime import commands
from orchestrator.runtime.listings import InstanceDetail
from orchestrator.runtime.queries_instances import snapshot_of
from orchestrator.statechart.transition import Environment, Event

Context = Mapping[str, Any]


def _editable(request: HttpRequest, pk: int) -> tuple[Machine, InstanceDetail]:
    machine, instance = instance_or_404(request, pk)
    require_change(request, machine)
    return machine, instance


def _dialog(request: HttpRequest, context: Context, name: str, values: Context, status: int = 200) -> HttpResponse:
    """The form in a dialog for htmx, or on a page of its own without JavaScript."""
    page = {**context, **values, "part": f"operations/_{name}.html", "section": "instances"}
    template = "operations/_dialog.html" if is_partial(request) else "operations/action.html"
    return render(request, template, page, status=status)


def _to_instance(request: HttpRequest, pk: int, event: int | None = None) -> HttpResponse:
    address = reverse("admin:operations_instance", args=[pk]) + (f"?event={event}" if event else "")
    return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)


def _refused(form: SendForm | ReasonForm | OptionalReasonForm, error: commands.CommandError) -> None:
    form.add_error(error.field if error.field in form.fields else None, error.message)


@require_http_methods(["GET", "POST"])
def send(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    machine, instance = _editable(request, pk)
    form = SendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        wish = commands.EventRequest(
            name=values["event"],
            data=values["payload"],
            instance=pk,
            source="admin",
            idempotency_key=str(values["once"]),
        )
        try:
            accepted = commands.send(wish, actor=actor(request))
        except commands.CommandError as error:
            _refused(form, error)
        else:
            return _to_instance(request, pk, accepted.event)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "choices": event_choices(chart_of(instance.version_id), instance.row.configuration),
        "other": OTHER,
        "once": uuid.uuid4(),
        "title": f"Send an event to {instance.row.key}",
    }
    return _dialog(request, context, "send", shown, 422 if form.errors else 200)


@require_POST
def send_preview(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    """What the event in the form would do; nothing is stored."""
    _, instance = _editable(request, pk)
    form = SendForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        event = Event(
            name=form.cleaned_data["event"], data=form.cleaned_data["payload"], source="admin", occurred_at=now
        )
        environment = Environment(instance_id=pk, instance_key=instance.row.key)
        found = preview(chart_of(instance.version_id), snapshot_of(pk), event, now, environment)
    else:
        found = Preview("bad", " ".join(str(text) for texts in form.errors.values() for text in texts))
    return render(request, "operations/_preview.html", {"preview": found})


@require_http_methods(["GET", "POST"])
def retry(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    machine, instance = _editable(request, pk)
    form = OptionalReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            count = commands.retry(pk, form.cleaned_data["reason"], actor(request))
        except commands.CommandError as error:
            _refused(form, error)
        else:
            messages.success(request, _retried(count, instance))
            return _to_instance(request, pk)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "waiting": retryable(instance),
        "title": f"Retry {instance.row.key}",
    }
    return _dialog(request, context, "retry", shown, 422 if form.errors else 200)


def _retried(count: int, instance: InstanceDetail) -> str:
    if count:
        return "1 activity is being tried again." if count == 1 else f"{count} activities are being tried again."
    again = instance.row.status == "failed"
    return "The instance runs again." if again else "Nothing was retried: no failed activity was waiting."


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    machine, instance = _editable(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            accepted = commands.cancel(pk, form.cleaned_data["reason"], actor(request))
        except commands.CommandError as error:
            _refused(form, error)
        else:
            return _to_instance(request, pk, accepted.event)
    chart = chart_of(instance.version_id)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "states": [title_of(chart, state) for state in instance.row.configuration],
        "timers": len(instance.timers),
        "running": [run for run in instance.activities if run.status in ("pending", "running", "waiting")],
        "undoables": len(snapshot_of(pk).undoables),
        "title": f"Cancel {instance.row.key}",
    }
    return _dialog(request, context, "cancel", shown, 422 if form.errors else 200)
