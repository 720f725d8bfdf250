"""What a person can do to one alert: send it again, after its dialog has said to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.alerts.delivery import ResendError, resend
from orchestrator.alerts.models import Alert
from orchestrator.alerts.recipients import NOBODY, recipients_of
from orchestrator.operations.access import require_change, visible
from orchestrator.operations.live import is_partial


@require_http_methods(["GET", "POST"])
def send_again(request: HttpRequest, context: Mapping[str, Any], pk: int) -> HttpResponse:
    alert = _editable(request, pk)
    refusal = ""
    if request.method == "POST":
        try:
            recipients = resend(pk)
        except ResendError as error:
            refusal = str(error)
        else:
            messages.success(request, f"The alert is being sent again to {', '.join(recipients)}.")
            return _to_alert(request, pk)
    shown = {
        "alert": alert,
        "recipients": recipients_of(alert.machine),
        "nobody": NOBODY,
        "refusal": refusal,
        "title": "Send this alert again",
    }
    template = "operations/_dialog.html" if is_partial(request) else "operations/alert_again.html"
    page = {**context, **shown, "part": "operations/_alert_again.html"}
    return render(request, template, page, status=422 if refusal else 200)


def _editable(request: HttpRequest, pk: int) -> Alert:
    alert = Alert.objects.select_related("machine__owner").filter(pk=pk, machine__in=visible(request)).first()
    if alert is None:
        raise Http404("There is no such alert.")
    require_change(request, alert.machine)
    return alert


def _to_alert(request: HttpRequest, pk: int) -> HttpResponse:
    address = reverse("admin:alerts_alert_change", args=[pk])
    return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)
