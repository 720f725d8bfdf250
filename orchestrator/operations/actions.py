"""What an operator can do to one instance: each dialog says first what will happen, the page afterwards what did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from orchestrator.definitions.charts import chart_of
from orchestrator.operations.access import actor
from orchestrator.operations.charts import event_choices, title_of
from orchestrator.operations.dialogs import dialog, editable, refused, to_instance
from orchestrator.operations.forms import OTHER, OptionalReasonForm, ReasonForm, SendForm
from orchestrator.operations.instances import retryable
from orchestrator.operations.preview import Preview, preview
from orchestrator.runtime import commands
from orchestrator.runtime.listings import InstanceDetail
from orchestrator.runtime.queries_instances import snapshot_of
from orchestrator.statechart.transition import Environment, Event

Context = Mapping[str, Any]


@require_http_methods(["GET", "POST"])
def send(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    machine, instance = editable(request, pk)
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
            refused(form, error)
        else:
            return to_instance(request, pk, accepted.event)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "choices": event_choices(chart_of(instance.version_id), instance.row.configuration),
        "other": OTHER,
        "once": uuid.uuid4(),
        "title": f"Send an event to {instance.row.key}",
    }
    return dialog(request, context, "send", shown, 422 if form.errors else 200)


@require_POST
def send_preview(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    """What the event in the form would do; nothing is stored."""
    _, instance = editable(request, pk)
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
    machine, instance = editable(request, pk)
    form = OptionalReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            count = commands.retry(pk, form.cleaned_data["reason"], actor(request))
        except commands.CommandError as error:
            refused(form, error)
        else:
            messages.success(request, _retried(count, instance))
            return to_instance(request, pk)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "waiting": retryable(instance),
        "title": f"Retry {instance.row.key}",
    }
    return dialog(request, context, "retry", shown, 422 if form.errors else 200)


def _retried(count: int, instance: InstanceDetail) -> str:
    if count:
        return "1 activity is being tried again." if count == 1 else f"{count} activities are being tried again."
    again = instance.row.status == "failed"
    return "The instance runs again." if again else "Nothing was retried: no failed activity was waiting."


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, context: Context, pk: int) -> HttpResponse:
    machine, instance = editable(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            accepted = commands.cancel(pk, form.cleaned_data["reason"], actor(request))
        except commands.CommandError as error:
            refused(form, error)
        else:
            return to_instance(request, pk, accepted.event)
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
    return dialog(request, context, "cancel", shown, 422 if form.errors else 200)
