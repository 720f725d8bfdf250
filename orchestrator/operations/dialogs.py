"""What every dialog about one instance shares: who may open it, how it is shown, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.definitions.models import Machine
from orchestrator.operations.access import instance_or_404, require_change
from orchestrator.operations.live import is_partial
from orchestrator.runtime import commands
from orchestrator.runtime.listings import InstanceDetail

Context = Mapping[str, Any]


def editable(request: HttpRequest, pk: int) -> tuple[Machine, InstanceDetail]:
    """The instance and its machine, for who may change it; others find nothing or are refused."""
    machine, instance = instance_or_404(request, pk)
    require_change(request, machine)
    return machine, instance


def dialog(request: HttpRequest, context: Context, name: str, values: Context, status: int = 200) -> HttpResponse:
    """The form in a dialog for htmx, or on a page of its own without JavaScript."""
    page = {**context, **values, "part": f"operations/_{name}.html", "section": "instances"}
    template = "operations/_dialog.html" if is_partial(request) else "operations/action.html"
    return render(request, template, page, status=status)


def to_instance(request: HttpRequest, pk: int, event: int | None = None) -> HttpResponse:
    """Back to the page of the instance, which tells what became of the event."""
    address = reverse("admin:operations_instance", args=[pk]) + (f"?event={event}" if event else "")
    return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)


def refused(form: forms.Form, error: commands.CommandError) -> None:
    """Show a refusal beside the field it is about."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
