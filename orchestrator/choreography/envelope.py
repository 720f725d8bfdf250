"""CloudEvents 1.0 in the structured JSON mode: how events look outside, and the check of those that come in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestrator.runtime.requests import Published
from orchestrator.statechart.topics import MAX_NAME

CONTENT_TYPE = "application/cloudevents+json"
MAX_BODY = 256 * 1024  # bytes
MAX_SOURCE, MAX_ID = 500, 300
MAX_DEPTH = 64
YEARS = 1900, 9998


class EnvelopeError(ValueError):
    """An event that cannot be taken in: the field and the mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}" if field else message)
        self.field = field
        self.message = message


def described(event: Published) -> dict[str, Any]:
    """The attributes of an event with its data; `partitionkey` is CloudEvents' own extension for the order."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "datacontenttype": "application/json",
        "partitionkey": event.key,
        "topic": event.topic,
        "data": json.loads(event.data),
    }
    if event.occurred_at is not None:
        attributes["time"] = event.occurred_at.isoformat().replace("+00:00", "Z")
    return attributes


def written(event: Published) -> bytes:
    """The body that brokers and webhooks get."""
    return json.dumps(described(event), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")


def digest(event: Published) -> str:
    """A short name of an event, made of what names it everywhere."""
    return hashlib.sha256(json.dumps([event.source, event.id]).encode()).hexdigest()


def parsed(body: bytes | str) -> object:
    """The JSON value of a body. Raises EnvelopeError."""
    if len(body) > MAX_BODY:
        raise EnvelopeError("", f"the body is larger than {MAX_BODY} bytes; send less in one event")
    try:
        value: object = json.loads(body, parse_constant=_refuse)
        if "\\ud" in json.dumps(value):  # half of a surrogate pair cannot be written as UTF-8
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise EnvelopeError("", f"the body is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise EnvelopeError("", f"the body is not JSON: {error}") from None
    return value


def read(value: object, topic: str) -> Published:
    """An envelope that came from outside, as an event for a topic. Raises EnvelopeError."""
    if not isinstance(value, Mapping):
        raise EnvelopeError("", "the body must be a CloudEvent: a JSON object with specversion, id, source and type")
    if value.get("specversion") != "1.0":
        raise EnvelopeError("specversion", "must be “1.0”")
    if "data_base64" in value:
        raise EnvelopeError("data_base64", "cannot be taken; send JSON in data")
    source, name = _text(value, "source", MAX_SOURCE), _text(value, "id", MAX_ID)
    kind = _text(value, "type", MAX_NAME)
    key = _text(value, "partitionkey", MAX_NAME) if value.get("partitionkey") else name[:MAX_NAME]
    return Published(topic, kind, data_text(value.get("data", {})), key, source, name, _time(value.get("time")))


def data_text(data: object) -> str:
    """The data of an event as JSON text within its bounds. Raises EnvelopeError."""
    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise EnvelopeError("data", "must be JSON") from None
    if len(text) > MAX_BODY:
        raise EnvelopeError("data", f"is larger than {MAX_BODY} bytes; send less in one event")
    if _depth(data) > MAX_DEPTH:
        raise EnvelopeError("data", f"is nested deeper than {MAX_DEPTH} levels")
    return text


def _depth(value: object) -> int:
    """Level by level, so that depth costs no stack."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _text(value: Mapping[str, Any], field: str, longest: int) -> str:
    found = value.get(field)
    if not isinstance(found, str) or not 0 < len(found) <= longest or not found.isprintable():
        raise EnvelopeError(field, f"must be a text of 1 to {longest} printable characters")
    return found


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise EnvelopeError("time", "must be a time with its zone, such as 2026-01-05T09:00:00Z")
    if not YEARS[0] <= found.year <= YEARS[1]:  # what lies further off cannot be read from the database in any zone
        raise EnvelopeError("time", f"must lie in the years {YEARS[0]} to {YEARS[1]}")
    return found


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")
