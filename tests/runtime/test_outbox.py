"""What instances emit lies in the outbox from the very commit of their step, once, under an id that stays the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from orchestrator.runtime import outbox
from orchestrator.runtime.activities.publish import perform
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send, send_many, start
from orchestrator.runtime.emitting import bucket_of
from orchestrator.runtime.models import OutboxEvent
from orchestrator.runtime.requests import Published
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db
TOLD = {"type": "emit", "topic": "orders", "event": "order.told", "data": {"by": "${instance.key}"}}
KEYED = {**TOLD, "event": "order.kept", "key": "${event.customer}"}


def told() -> list[tuple[str, str]]:
    return [(row.event_id, row.key) for row in OutboxEvent.objects.order_by("id")]


def test_what_a_step_emits_has_ids_of_its_instance_and_step(publish: Publish) -> None:
    machine = publish(draft={"on": [{"event": "submit", "actions": [TOLD, KEYED]}]})
    one, two = (start(StartRequest(machine.slug, key)).instance for key in "ab")
    drain()
    send_many([EventRequest("submit", {"customer": "c"}, instance=each) for each in (one, one, two)])
    drain()
    ids = [f"{one}-2-1", f"{one}-2-2", f"{one}-3-1", f"{one}-3-2", f"{two}-2-1", f"{two}-2-2"]
    assert sorted(told()) == sorted(zip(ids, ["a", "c", "a", "c", "b", "c"], strict=True))
    first = OutboxEvent.objects.get(event_id=f"{one}-2-1")
    assert (first.topic, first.type, json.loads(first.data)) == ("orders", "order.told", {"by": "a"})
    assert (first.source, first.bucket) == (f"{settings.BASE_URL}/instances/{one}", bucket_of("a"))
    assert first.routed_at is None


def test_a_step_that_fails_emits_nothing(publish: Publish) -> None:
    bad: dict[str, Any] = {"type": "emit", "topic": "${event.topic}", "event": "e"}
    machine = publish(draft={"on": [{"event": "submit", "actions": [bad, TOLD]}]})
    instance = start(StartRequest(machine.slug, "a")).instance
    send(EventRequest("submit", {"topic": "no topic"}, instance=instance))
    drain()
    assert told() == []


def test_an_event_from_outside_is_taken_once_for_each_topic(db: None) -> None:
    event = Published("orders", "e", "{}", "k", "https://shop", "1")
    assert outbox.publish([event, event._replace(topic="audit")]) == [True, True]
    assert outbox.publish([event, event._replace(id="2")]) == [False, True]
    assert OutboxEvent.objects.count() == 3


def request(**given: Any) -> ActivityRequest:
    return ActivityRequest({"topic": "orders", "event": "paid", **given}, 30, "run-1", 1)


def test_a_publishing_activity_that_is_tried_again_publishes_once(db: None) -> None:
    assert perform(request(data={"n": 1}, key="k")) == {"id": "run-1", "new": True}
    assert perform(request(data={"n": 1}, key="k")) == {"id": "run-1", "new": False}
    assert told() == [("run-1", "k")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"topic": "a b"}, "input.topic must be a name"),
        ({"event": "x" * 201}, "input.event must be 1 to 200"),
        ({"key": ""}, "input.key must be 1 to 200"),
        ({"colour": 1}, "input.colour is not known"),
    ],
)
def test_a_publishing_activity_names_what_is_wrong_with_its_input(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ActivityError, match=said) as refused:
        perform(request(**given))
    assert refused.value.permanent
