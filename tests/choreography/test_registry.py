"""A schema is registered once, in ascending versions that go together, and events are held against it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from orchestrator.choreography.models import EventType, Subscription, Topic
from orchestrator.choreography.publishing import Unfit, publish
from orchestrator.choreography.registry import MAX_DEPTH, MAX_SCHEMA, RegistryError, register, rules_for
from orchestrator.runtime.models import OutboxEvent
from orchestrator.runtime.requests import Published

ORDER: dict[str, Any] = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
STRICTER: dict[str, Any] = {**ORDER, "required": ["id", "total"]}


def refusal(topic: Topic, *given: Any) -> tuple[str, str]:
    with pytest.raises(RegistryError) as caught:
        register(topic, *given)
    return caught.value.field, str(caught.value)


def test_the_same_version_with_the_same_schema_is_registered_once(orders: Topic) -> None:
    first, new = register(orders, "order.placed", "1.0.0", ORDER)
    again, newer = register(orders, "order.placed", "1.0.0", dict(reversed(ORDER.items())))
    assert (new, newer, again.pk) == (True, False, first.pk)
    assert refusal(orders, "order.placed", "1.0.0", STRICTER)[0] == "version"


def test_a_version_must_go_with_those_of_its_major_one(orders: Topic) -> None:
    register(orders, "order.placed", "1.0.0", ORDER)
    field, reason = refusal(orders, "order.placed", "1.1.0", STRICTER)
    assert (field, reason) == ("schema", "1.0.0, backward: data.total is required, but may be missing")
    assert EventType.objects.count() == 1
    register(orders, "order.placed", "1.1.0", STRICTER, "forward")
    register(orders, "order.placed", "2.0.0", {"type": "string"})


def test_versions_ascend_as_numbers(orders: Topic) -> None:
    register(orders, "e", "1.9.0", ORDER)
    register(orders, "e", "1.10.0", ORDER)
    assert refusal(orders, "e", "1.9.1", ORDER) == ("version", "must be higher than 1.10.0, the latest one")


def nested(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = {"items": found}
    return found


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("version", ("e", "1", ORDER)),
        ("version", ("e", "01.0.0", ORDER)),
        ("type", ("two words", "1.0.0", ORDER)),
        ("compatibility", ("e", "1.0.0", ORDER, "sideways")),
        ("schema", ("e", "1.0.0", [])),
        ("schema", ("e", "1.0.0", {"type": "text"})),
        ("schema", ("e", "1.0.0", {"title": "x" * MAX_SCHEMA})),
        ("schema", ("e", "1.0.0", nested(MAX_DEPTH + 1))),
        ("schema", ("e", "1.0.0", nested(2_000))),
        ("schema", ("e", "1.0.0", {"$ref": "https://example.org/schema"})),
        ("schema", ("e", "1.0.0", {"$ref": "file:///etc/passwd"})),
        ("schema", ("e", "1.0.0", {"$ref": "#/properties/id"})),
        ("schema", ("e", "1.0.0", {"$ref": "#/$defs/none"})),
        ("schema", ("e", "1.0.0", {"$schema": "http://json-schema.org/draft-04/schema#"})),
        ("schema", ("e", "1.0.0", {"pattern": "("})),
    ],
)
def test_a_schema_that_cannot_be_used_names_its_field_and_stores_nothing(
    orders: Topic, field: str, given: tuple[Any, ...]
) -> None:
    assert refusal(orders, *given)[0] == field
    assert not EventType.objects.exists()


def problem(topic: str, kind: str, data: object) -> str:
    return rules_for({topic}).problem(topic, kind, json.dumps(data))


def test_an_event_must_fit_the_latest_version_of_one_major(orders: Topic) -> None:
    register(orders, "e", "1.0.0", ORDER)
    register(orders, "e", "1.1.0", {**ORDER, "properties": {"id": {"type": ["string", "integer"]}}})
    assert problem("orders", "e", {"id": 1}) == ""
    assert problem("orders", "e", {"id": None}).startswith("data.id does not fit e 1.1.0: ")
    register(orders, "e", "2.0.0", {"type": "string"})
    assert problem("orders", "e", "x") == problem("orders", "e", {"id": 1}) == ""


def test_only_a_strict_topic_refuses_types_without_a_schema(orders: Topic) -> None:
    assert problem("orders", "e", 1) == problem("unknown", "e", 1) == ""
    orders.strict = True
    orders.save()
    assert "register its schema" in problem("orders", "e", 1)


def test_an_event_that_does_not_fit_is_not_stored(orders: Topic) -> None:
    register(orders, "e", "1.0.0", ORDER)
    event = Published("orders", "e", '{"id":"1"}', "k", "https://shop", "1")
    with pytest.raises(Unfit, match=r"data does not fit e 1\.0\.0"):
        publish(event._replace(data="{}"))
    assert [publish(event), publish(event)] == [True, False]
    assert OutboxEvent.objects.count() == 1


def test_a_pattern_of_regular_expressions_cannot_take_long(orders: Topic) -> None:
    register(orders, "e", "1.0.0", {"type": "string", "pattern": "^(a+)+$"})
    assert problem("orders", "e", "a" * 50_000 + "!")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("correlation", "event."),
        ("correlation", "context.order"),
        ("filter", "event.data.total + 1.0 > 'x'[0]"),
        ("filter", "'yes' + string(event)"),
        ("pattern", "order.*.placed"),
    ],
)
def test_what_a_subscription_says_is_checked_when_it_is_typed(orders: Topic, field: str, text: str) -> None:
    given = {"name": "s", "topic": orders, "correlation": "event.data.id", field: text}
    with pytest.raises(ValidationError) as caught:
        Subscription(**given).full_clean(exclude=["machine"])
    assert list(caught.value.message_dict) == [field]
