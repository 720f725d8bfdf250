"""Activities of kind `publish`: an event for a topic, stored in the outbox before the activity is done."""

from __future__ import annotations

import json

from django.conf import settings

from orchestrator.runtime import outbox
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, known_keys, register, text_of
from orchestrator.runtime.requests import Published
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.topics import MAX_NAME, TOPIC, TOPIC_RULE

KEYS = frozenset({"topic", "event", "data", "key"})


@register("publish")
def perform(request: ActivityRequest) -> JSON:
    """Publish `input.event` to `input.topic`; a repeat under the same idempotency key publishes nothing more."""
    known_keys(request.input, KEYS)
    topic, event = text_of(request.input, "topic"), text_of(request.input, "event")
    key = text_of(request.input, "key", request.idempotency_key[:MAX_NAME])
    if not TOPIC.fullmatch(topic):
        raise ActivityError(f"input.topic {TOPIC_RULE}", "InvalidInput", permanent=True)
    for name, text in (("event", event), ("key", key)):
        if not 0 < len(text) <= MAX_NAME or "\x00" in text:
            raise ActivityError(f"input.{name} must be 1 to {MAX_NAME} characters", "InvalidInput", permanent=True)
    data = json.dumps(request.input.get("data", {}), separators=(",", ":"))
    source, name = f"{settings.BASE_URL}/activities", request.idempotency_key
    (new,) = outbox.publish([Published(topic, event, data, key, source, name)])
    return {"id": name, "new": new}
