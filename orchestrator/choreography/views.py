"""Incoming webhooks: a signed body becomes an event of a topic, acknowledged after it is stored.

Only what the signature covers is read: the id, the time and the body, so no `ce-` headers.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orchestrator.choreography import envelope
from orchestrator.choreography.envelope import CONTENT_TYPE, MAX_BODY, EnvelopeError
from orchestrator.choreography.models import Received, Webhook
from orchestrator.choreography.patterns import matches
from orchestrator.choreography.publishing import Unfit, publish
from orchestrator.choreography.signing import SignatureError, SigningError, keys_of, verify
from orchestrator.runtime import vault
from orchestrator.runtime.requests import Published
from orchestrator.statechart.topics import MAX_NAME

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """An answer that is no success; nothing was stored."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


@csrf_exempt
@require_POST
def receive(request: HttpRequest, name: str) -> JsonResponse:
    """Take one event; the answer has the shape of the API's."""
    try:
        return _taken(request, name)
    except Refusal as refusal:
        problem = {"code": refusal.code, "message": str(refusal), "field": refusal.field}
        return JsonResponse({"error": problem}, status=refusal.status)


def _taken(request: HttpRequest, name: str) -> JsonResponse:
    """A message that was taken before is answered like the first time. Raises Refusal."""
    try:
        webhook = _webhook(name)
        body = _body(request)
        message = _verified(request, webhook, body)
        event = _event(request, webhook, message, body)
        new = _stored(webhook, message, event)
    except (InterfaceError, OperationalError) as error:
        raise Refusal(503, "unavailable", "The database cannot be reached; nothing was stored. Try again.") from error
    return JsonResponse({"id": event.id, "duplicate": not new}, status=202)


def _webhook(name: str) -> Webhook:
    found = Webhook.objects.select_related("topic").filter(name=name, direction="in", active=True).first()
    if found is None:
        raise Refusal(404, "not-found", "There is no such webhook.")
    return found


def _body(request: HttpRequest) -> bytes:
    """The body as it came, within its bound."""
    if "Transfer-Encoding" in request.headers:  # the gateway interface gives Django no body without a length
        raise Refusal(411, "length-required", "The body came in chunks; send it with a Content-Length.")
    with suppress(RequestDataTooBig):
        if len(request.body) <= MAX_BODY:
            return request.body
    raise Refusal(413, "too-large", f"The body is larger than {MAX_BODY:,} bytes; send less in one event.")


def _verified(request: HttpRequest, webhook: Webhook, body: bytes) -> str:
    """The id of a message whose signature is right."""
    try:
        keys = keys_of(vault.opened_by_hand(webhook.secret_id))
    except (vault.VaultError, SigningError) as error:
        logger.error("webhook %s cannot verify anything: %s", webhook.name, error)
        raise Refusal(503, "unavailable", "The webhook cannot verify signatures now; try again later.") from error
    message, timestamp, signature = (
        request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    try:
        verify(keys, message, timestamp, signature, body, time.time())
    except SignatureError as error:
        raise Refusal(401, "signature", str(error), error.field) from error
    return message


def _event(request: HttpRequest, webhook: Webhook, message: str, body: bytes) -> Published:
    """A CloudEvent as it is; any other JSON as the data of an event of the webhook's type, under the message's id."""
    kind = request.content_type or ""
    if kind.startswith("application/cloudevents") and kind != CONTENT_TYPE:
        raise Refusal(415, "unsupported", f"Send one event as {CONTENT_TYPE}, or its data as application/json.")
    try:
        value = envelope.parsed(body)
        topic = webhook.topic.name
        if kind == CONTENT_TYPE:
            event = envelope.read(value, topic)
        else:
            data, source = envelope.data_text(value), f"/hooks/{webhook.name}"
            event = Published(topic, webhook.event_type, data, message[:MAX_NAME], source, message)
    except EnvelopeError as error:
        status, code = (422, "invalid") if error.field else (400, "malformed")
        raise Refusal(status, code, str(error), error.field) from error
    if not matches(webhook.pattern, event.type):
        raise Refusal(422, "invalid", f"type {event.type} is not taken here; send {webhook.pattern}", "type")
    return event


def _stored(webhook: Webhook, message: str, event: Published) -> bool:
    """Commit the event with the id of its message; False for what was there already."""
    try:
        with transaction.atomic(durable=True):
            _, new = Received.objects.get_or_create(webhook=webhook, message=message)
            return new and publish(event)
    except Unfit as error:
        field = "data" if str(error).startswith("data") else "type"
        raise Refusal(422, "invalid", str(error), field) from error
