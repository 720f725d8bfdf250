"""What names, patterns and expressions of the choreography may be; each refusal says the mend."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from orchestrator.statechart.expressions import WORD, check
from orchestrator.statechart.topics import TOPIC, TOPIC_RULE

EVENT_TYPE = re.compile(r"[^\s*\x00-\x1f]{1,200}")
PATTERN = re.compile(r"\*|[^\s*\x00-\x1f]{1,197}(?:\.\*)?")
QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}", re.ASCII)


def topic_name(text: str) -> None:
    if not TOPIC.fullmatch(text):
        raise ValidationError(f"The topic {TOPIC_RULE}.")


def event_type(text: str) -> None:
    if not EVENT_TYPE.fullmatch(text):
        raise ValidationError("An event type is 1 to 200 characters without spaces and “*”, such as order.placed.")


def pattern(text: str) -> None:
    if not PATTERN.fullmatch(text):
        raise ValidationError("Write an event type, a prefix such as order.*, or * for all.")


def queue_name(text: str) -> None:
    if not QUEUE.fullmatch(text):
        raise ValidationError("Use letters, digits and . _ : / - only, beginning with a letter or digit.")


def webhook_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.username is None
    except ValueError:
        fits = False
    if not fits:
        raise ValidationError(
            {"url": "Give the http or https address to which outgoing events are posted, without a password."}
        )


def expression(text: str) -> None:
    _check(text, "expression", check(text))


def condition(text: str) -> None:
    _check(text, "condition", check(text, boolean=True))


def _check(text: str, what: str, problem: str | None) -> None:
    """It must compile, and read nothing but the event."""
    if problem:
        raise ValidationError(f"The {what} does not compile: {problem}")
    if "event" not in WORD.findall(text):
        raise ValidationError(f"The {what} must read the event, such as event.data.order or event.type.")
