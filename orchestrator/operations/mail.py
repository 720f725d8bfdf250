"""The mails which were written to files instead of being sent, as the embedded default does: a list and a safe view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from orchestrator.alerts.mailbox import (
    MessageNotFoundError,
    StoredMessage,
    count_messages,
    list_messages,
    read_message,
)
from orchestrator.operations.access import require_overview

# The frame has no script, no form, no network: pictures come with the message itself.
FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
PAGE = 50
LAST_PAGE = 10_000


@require_GET
def mail_list(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    require_overview(request)
    asked = request.GET.get("page", "1")
    total = count_messages()
    pages = max(1, -(-total // PAGE))
    number = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 8 else 1
    listed = list_messages(PAGE, (number - 1) * PAGE)
    page = {"messages_listed": listed, "total": total, "number": number, "pages": pages}
    return render(request, "operations/mail.html", {**context, **page, "title": "Mail", "section": "mail"})


@require_GET
def mail_message(request: HttpRequest, context: Mapping[str, Any], name: str) -> HttpResponse:
    require_overview(request)
    found = _read(name)
    page = {"mail": found, "title": found.subject or "No subject", "section": "mail"}
    return render(request, "operations/message.html", {**context, **page})


@require_GET
@xframe_options_sameorigin
def mail_html(request: HttpRequest, context: Mapping[str, Any], name: str) -> HttpResponse:
    """The HTML part alone, for the frame: foreign text which may neither run, nor load, nor lead the page away."""
    require_overview(request)
    response = HttpResponse(_read(name).html)
    response["Content-Security-Policy"] = FRAME_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _read(name: str) -> StoredMessage:
    try:
        return read_message(name)
    except MessageNotFoundError:
        raise Http404("There is no such mail.") from None
