"""Check a request before it comes near the database. Every refusal is a CommandError naming field and mend."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone

from orchestrator.statechart.jsontext import canonical

MAX_DATA = 256 * 1024  # bytes of JSON
MAX_TEXT = 200  # characters of a name, key, source or reason
MAX_DEPTH = 64
MAX_ITEMS = 5_000
PLAIN, CONTAINERS = (str, int, float, type(None)), (dict, list, tuple, Mapping)
MAX_AHEAD = timedelta(days=1)
RESERVED = (
    "after.",
    "done.state.",
    "done.invoke.",
    "done.compensat",
    "error.invoke.",
    "error.compensation",
    "error.execution",
)

ErrorCode = Literal[
    "unknown-machine",
    "not-published",
    "unknown-instance",
    "unknown-task",
    "finished",
    "conflict",
    "too-large",
    "invalid",
]


class CommandError(Exception):
    """A refusal: nothing was stored. `field` names the offending input, `message` says the mend."""

    def __init__(self, code: ErrorCode, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Checked:
    """The stored form of one input, whose instance is not known yet; equal data are equal texts."""

    name: str
    data: str
    source: str
    occurred_at: datetime | None


def text(value: object, field: str, required: bool = False) -> str:
    """A short printable text."""
    if not isinstance(value, str):
        raise CommandError("invalid", f"{field} must be text", field)
    if required and not value.strip():
        raise CommandError("invalid", f"{field} is missing; give a text of 1 to {MAX_TEXT} characters", field)
    if len(value) > MAX_TEXT:
        raise CommandError("too-large", f"{field} has {len(value)} characters; shorten it to {MAX_TEXT}", field)
    if not value.isprintable():
        raise CommandError("invalid", f"{field} holds a character that cannot be printed; remove it", field)
    return value


def event_name(value: object) -> str:
    """A name that a client may send: those which the runtime raises itself are refused."""
    name = text(value, "name", required=True)
    if name.startswith(RESERVED):
        raise CommandError("invalid", f"the name {name} is reserved for the runtime; choose another name", "name")
    return name


def data_text(value: object, field: str) -> str:
    """The JSON text of a map within the bounds."""
    if not isinstance(value, Mapping):
        raise CommandError("invalid", f"{field} must be a JSON object", field)
    if too_deep(value):
        raise CommandError("too-large", f"{field} is nested deeper than {MAX_DEPTH} levels; flatten it", field)
    try:
        written = canonical(value)
    except (TypeError, ValueError) as error:
        raise CommandError("invalid", f"{field} is not JSON: {error}", field) from error
    size = len(written.encode())
    if size > MAX_DATA:
        raise CommandError("too-large", f"{field} has {size} bytes of JSON; send at most {MAX_DATA}", field)
    return written


def too_deep(value: object) -> bool:
    """Whether a value is nested past MAX_DEPTH, found level by level so that no depth can exhaust the stack."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: object) -> list[object]:
    inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else ()
    return [child for child in inner if not isinstance(child, PLAIN) and isinstance(child, CONTAINERS)]


def event_time(value: datetime | None) -> datetime | None:
    """When it happened; None stands for now."""
    if value is None:
        return None
    if not isinstance(value, datetime) or timezone.is_naive(value):
        raise CommandError("invalid", "occurredAt needs an offset, for example 2026-01-31T09:30:00+00:00", "occurredAt")
    if value > timezone.now() + MAX_AHEAD:
        raise CommandError(
            "invalid", "occurredAt is more than a day in the future; check the sender's clock", "occurredAt"
        )
    return value


def fingerprint(checked: Checked) -> str:
    """A hash of all that must be equal when an idempotency key is used again for the same instance."""
    when = checked.occurred_at.timestamp() if checked.occurred_at else ""
    return hashlib.sha256(f"{checked.name}\n{when}\n{checked.data}".encode()).hexdigest()
