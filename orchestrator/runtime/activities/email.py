"""Activities of kind `email`: one message through Django's mail settings, under a stable Message-ID."""

from __future__ import annotations

import hashlib
import smtplib
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, known_keys, register, text_of
from orchestrator.statechart.definition import JSON

KEYS = frozenset({"to", "cc", "subject", "text", "html"})
MAX_RECIPIENTS = 50
MAX_SUBJECT = 250
MAX_BODY = 256 * 1024


@register("email")
def perform(request: ActivityRequest) -> JSON:
    """Send `subject` and `text` (and `html`) to `to` and `cc`; a refusal by code 5xx is permanent."""
    known_keys(request.input, KEYS)
    to, cc = addresses(request.input, "to"), addresses(request.input, "cc")
    if not to:
        raise ActivityError("input.to names no recipient", "InvalidInput", permanent=True)
    message_id = f"<{hashlib.sha256(request.idempotency_key.encode()).hexdigest()[:40]}@signalbox>"
    message = EmailMultiAlternatives(
        subject=one_line(text_of(request.input, "subject"), "subject", MAX_SUBJECT),
        body=bounded(text_of(request.input, "text", ""), "text"),
        to=to,
        cc=cc,
        headers={"Message-ID": message_id},
    )
    html = bounded(text_of(request.input, "html", ""), "html")
    if html:
        message.attach_alternative(html, "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        permanent = all(code >= 500 for code, _ in error.recipients.values())
        raise ActivityError("every recipient was refused", "RecipientsRefused", permanent) from error
    except smtplib.SMTPResponseException as error:
        raise ActivityError(
            f"the mail server answered {error.smtp_code}", "MailRefused", error.smtp_code >= 500
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise ActivityError(f"the mail server could not be used: {error}", "MailUnavailable") from error
    return {"message_id": message_id, "recipients": len(to) + len(cc)}


def addresses(given: Mapping[str, JSON], key: str) -> list[str]:
    """The addresses under a key, given as one text or a list."""
    value = given.get(key) or []
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MAX_RECIPIENTS:
        raise ActivityError(f"input.{key} has more than {MAX_RECIPIENTS} addresses", "InvalidInput", permanent=True)
    return [address(item, key) for item in listed]


def address(value: JSON, key: str) -> str:
    """One plain address."""
    if not isinstance(value, str):
        raise ActivityError(f"input.{key} must be an address or a list of addresses", "InvalidInput", permanent=True)
    plain = one_line(value, key, MAX_SUBJECT).strip()
    try:
        validate_email(plain)
    except ValidationError as error:
        raise ActivityError(
            f"input.{key} holds {plain!r}, which is no address", "InvalidInput", permanent=True
        ) from error
    return plain


def one_line(value: str, key: str, limit: int) -> str:
    """A header's value; line breaks could smuggle in other headers."""
    if "\r" in value or "\n" in value:
        raise ActivityError(f"input.{key} holds a line break; a header is one line", "InvalidInput", permanent=True)
    if len(value) > limit:
        raise ActivityError(f"input.{key} is longer than {limit} characters", "InvalidInput", permanent=True)
    return value


def bounded(value: str, key: str) -> str:
    if len(value) > MAX_BODY:
        raise ActivityError(f"input.{key} is longer than {MAX_BODY} characters", "InvalidInput", permanent=True)
    return value
