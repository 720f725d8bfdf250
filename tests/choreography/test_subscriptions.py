"""What machines emit starts and signals the instances of others, each event once."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from orchestrator.choreography.models import Delivery, Topic
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime import outbox
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, cancel, start
from orchestrator.runtime.models import Instance, JournalEntry
from orchestrator.runtime.requests import Published
from tests.choreography.cast import HEARER, became, happened, make_due, relay, subscribe

pytestmark = pytest.mark.django_db


def heard(key: str = "a") -> tuple[int, str]:
    drain()
    instance = Instance.objects.get(machine__slug="hearer", key=key)
    return json.loads(instance.snapshot)["context"]["heard"], instance.status


def errors() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("error", flat=True))


def test_an_event_that_a_machine_emits_reaches_the_instance_of_another(orders: Topic, hearer: Machine) -> None:
    told = {"type": "emit", "topic": "orders", "event": "order.placed", "data": {"id": "${instance.key}"}}
    document: dict[str, Any] = copy.deepcopy(HEARER)
    document["states"] = {"open": {"entry": [told]}}
    teller = Machine.objects.create(slug="teller", title="Teller", owner=hearer.owner, draft=document)
    publish(teller, hearer.owner)
    end = subscribe(orders, hearer)
    start(StartRequest("hearer", "a"))
    start(StartRequest("teller", "a"))
    drain()
    assert relay(end) == 1
    assert heard() == (1, "running")
    entry = JournalEntry.objects.get(instance__machine=hearer, name="order.placed")
    assert (entry.source, entry.actor) == ("topic:orders", "subscription:hear")


def test_a_start_takes_the_data_and_an_existing_instance_passes_it_by(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, action="start", correlation="'order-' + event.data.id")
    happened("a", heard=5)
    happened("a", heard=6)
    relay(end)
    assert heard("order-a") == (5, "running")
    assert became() == [("a", "done"), ("a", "skipped")]
    assert errors() == ["", "there is an instance of this key already"]


def test_start_or_signal_starts_first_and_then_tells(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, action="start-or-signal")
    for kind in ("order.placed", "order.placed", "order.closed"):
        happened("a", kind)
    relay(end)
    assert heard() == (2, "completed")


def test_the_name_that_is_heard_may_be_another(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, action="start-or-signal", pattern="shop.*", event_name="order.placed")
    happened("a", "shop.sold")
    happened("a", "order.placed")
    relay(end)
    assert heard() == (1, "running")


def test_what_the_filter_does_not_want_passes_by(orders: Topic, hearer: Machine) -> None:
    end = subscribe(
        orders, hearer, action="start-or-signal", filter="event.type == 'order.placed' && event.data.total > 5"
    )
    happened("a", total=9)
    happened("a", total=3)
    happened("a")
    relay(end)
    assert became() == [("a", "done"), ("a", "skipped"), ("a", "failed")]
    assert errors()[1] == "its filter is false"
    assert "total" in errors()[2]


@pytest.mark.parametrize("given", [None, True, 1.5, "", [1], "a\nb", "x" * 201])
def test_a_key_that_is_none_fails_and_holds_up_nobody(orders: Topic, hearer: Machine, given: Any) -> None:
    end = subscribe(orders, hearer, action="start-or-signal", correlation="event.data.order")
    happened("a", order=given)
    happened("a", order=7)
    relay(end)
    assert became() == [("a", "failed"), ("a", "done")]
    assert errors()[0]
    assert heard("7") == (1, "running")


def test_an_event_for_an_instance_that_comes_later_waits_and_those_of_its_key_behind_it(
    orders: Topic, hearer: Machine
) -> None:
    end = subscribe(orders, hearer)
    start(StartRequest("hearer", "b"))
    happened("a")
    relay(end)
    happened("a", "order.closed")
    happened("b")
    start(StartRequest("hearer", "a"))
    relay(end)
    assert became() == [("a", "pending"), ("a", "pending"), ("b", "done")]
    make_due()
    relay(end)
    assert heard("a") == (1, "completed")


def test_an_unknown_instance_may_be_of_no_interest(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, unknown="skip")
    happened("a")
    cancel(start(StartRequest("hearer", "b")).instance, "", "ada")
    drain()
    happened("b")
    relay(end)
    assert became() == [("a", "skipped"), ("b", "skipped")]


def test_an_event_that_is_delivered_twice_is_heard_once(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, action="start-or-signal")
    happened("a")
    relay(end)
    Delivery.objects.update(status="pending")
    assert relay(end) == 1
    assert heard() == (1, "running")
    assert became() == [("a", "done")]


def test_data_that_are_no_map_are_heard_as_a_value(orders: Topic, hearer: Machine) -> None:
    end = subscribe(orders, hearer, action="start-or-signal", correlation="event.data[0]")
    outbox.publish([Published("orders", "order.placed", '["a"]', "k", "https://shop.example", "1")])
    relay(end)
    assert heard() == (1, "running")
    assert json.loads(JournalEntry.objects.get(name="order.placed").data) == {"value": ["a"]}
