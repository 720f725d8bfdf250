"""Every event comes to every endpoint, in the order of its key, whatever fails; one that fails holds up no other."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.db.models.functions import Now
from pytest_django import Settings

from orchestrator.choreography import commands, delivering, sweeping
from orchestrator.choreography.delivering import MOST_ATTEMPTS, serve
from orchestrator.choreography.models import Delivery, Endpoint, Topic
from orchestrator.choreography.patterns import matches
from orchestrator.choreography.registry import register
from orchestrator.choreography.routing import route
from orchestrator.choreography.store import ROUTING
from orchestrator.choreography.targets import TARGETS
from orchestrator.choreography.targets.base import DONE, Outcome, Report, Target, Unreachable, one_by_one
from orchestrator.runtime.emitting import bucket_of
from orchestrator.runtime.models import OutboxEvent
from orchestrator.runtime.requests import Published
from tests.choreography.cast import became, happened, make_due, relay

pytestmark = pytest.mark.django_db
Deliver = Callable[[Endpoint, Sequence[Published]], Report]
AGAIN = Outcome("again", "not now")


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A kind of endpoint, `test`, that does with its events what a test says."""

    def make(deliver: Deliver, most: int = 100, in_transaction: bool = False) -> None:
        kinds = {**TARGETS, "test": Target(Endpoint, deliver, most, in_transaction)}
        for module in (delivering, sweeping):
            monkeypatch.setattr(module, "TARGETS", kinds)

    return make


def endpoint(topic: Topic, name: str = "end", **given: Any) -> Endpoint:
    return Endpoint.objects.create(name=name, kind="test", topic=topic, **given)


def takes(taken: list[str]) -> Deliver:
    """Takes every event and notes its id."""

    def deliver(end: Endpoint, events: Sequence[Published]) -> Report:
        taken.extend(event.id for event in events)
        return Report(dict.fromkeys(range(len(events)), DONE))

    return deliver


def test_events_go_to_the_endpoints_that_hear_their_type(orders: Topic) -> None:
    heard = {"all": "*", "prefix": "order.*", "one": "order.placed", "other": "orders"}
    for name, pattern in heard.items():
        endpoint(orders, name, pattern=pattern)
    endpoint(orders, "resting", active=False)
    endpoint(orders, "incoming", direction="in")
    endpoint(Topic.objects.create(name="audit"), "elsewhere")
    happened("a")
    happened("a", "order")
    assert route() == 2
    assert route() == 0
    found = Delivery.objects.order_by("pk").values_list("endpoint__name", "event__type")
    assert sorted(found) == [
        ("all", "order"),
        ("all", "order.placed"),
        ("one", "order.placed"),
        ("prefix", "order.placed"),
    ]
    assert matches("order.*", "order.placed.twice")


def test_an_event_that_does_not_fit_its_topic_goes_to_nobody_and_says_why(orders: Topic) -> None:
    endpoint(orders)
    register(orders, "order.placed", "1.0.0", {"properties": {"id": {"type": "string"}}})
    happened("a")
    happened("a", id=7)
    happened("a", "other", id=7)
    route()
    refusals = OutboxEvent.objects.order_by("id").values_list("refusal", flat=True)
    assert [bool(text) for text in refusals] == [False, True, False]
    assert "does not fit order.placed 1.0.0" in refusals[1]
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize(
    "data", ['"\\ud800"', "1e999", "123456789012345678901234567890", '{"a":' * 60 + "1" + "}" * 60]
)
def test_no_data_can_stop_the_router(orders: Topic, data: str) -> None:
    register(orders, "odd", "1.0.0", {"type": "object", "properties": {"a": {"const": 1}}})
    event = happened("a", "odd")
    OutboxEvent.objects.filter(event_id=event.id).update(data=data)
    assert route() == 1
    assert OutboxEvent.objects.get(event_id=event.id).refusal


def test_whatever_fails_the_events_of_a_key_keep_their_order(orders: Topic, target: Callable[..., None]) -> None:
    chance = random.Random(4)
    taken: defaultdict[str, list[str]] = defaultdict(list)

    def send(event: Published) -> Outcome:
        roll = chance.random()
        if roll < 0.05:
            raise Unreachable("nobody there")
        if roll < 0.3:
            return AGAIN
        taken[event.key].append(event.id)
        return DONE

    target(lambda end, events: one_by_one(events, send), most=4)
    end = endpoint(orders)
    sent: defaultdict[str, list[str]] = defaultdict(list)
    for _ in range(60):
        key = chance.choice("abc")
        sent[key].append(happened(key).id)
    for _ in range(200):
        relay(end)
        if chance.random() < 0.5:
            make_due()
    make_due()
    relay(end)
    assert {status for _, status in became()} == {"done"}
    assert taken == sent


def test_what_fails_again_and_again_has_failed_until_a_person_sends_it_again(
    orders: Topic, target: Callable[..., None]
) -> None:
    target(lambda end, events: one_by_one(events, lambda event: AGAIN if event.key == "bad" else DONE))
    end = endpoint(orders)
    happened("bad")
    happened("good")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        relay(end)
        assert became()[0] == ("bad", "pending" if attempt < MOST_ATTEMPTS else "failed")
        make_due()
    failed = Delivery.objects.get(status="failed")
    assert (failed.key, failed.attempts, failed.error) == ("bad", MOST_ATTEMPTS, "not now")
    assert relay(end) == 0
    assert commands.deliver_again(Delivery.objects.all()) == 1
    target(takes([]))
    assert relay(end) == 1
    assert became() == [("bad", "done"), ("good", "done")]


def test_an_attempt_that_failed_is_followed_by_a_longer_and_longer_wait() -> None:
    delays = [delivering.delay_after(failures) for failures in range(1, 40)]
    assert 0.75 <= delays[0] <= 1.0
    assert all(450 <= delay <= 600 for delay in delays[10:])
    assert all(longer > shorter for shorter, longer in itertools.pairwise(delays[:9]))


def test_an_endpoint_that_cannot_be_reached_is_left_alone_and_holds_up_no_other(
    orders: Topic, target: Callable[..., None]
) -> None:
    asked: list[str] = []

    def deliver(end: Endpoint, events: Sequence[Published]) -> Report:
        asked.append(end.name)
        return Report({0: DONE}, "nobody\0there") if end.name == "dead" else takes([])(end, events)

    target(deliver)
    dead, alive = endpoint(orders, "dead"), endpoint(orders, "alive")
    for _ in range(3):
        happened("a")
    relay(dead, alive, dead)
    assert asked == ["dead", "alive"]
    dead.refresh_from_db()
    assert (dead.failures, dead.last_error, dead.lease_until) == (1, "nobodythere", None)
    statuses = Delivery.objects.filter(endpoint=dead).order_by("pk").values_list("status", "attempts")
    assert list(statuses) == [("done", 1), ("pending", 0), ("pending", 0)]
    assert commands.try_now([dead, alive]) == 1
    target(takes([]))
    assert relay(dead) == 2
    dead.refresh_from_db()
    assert (dead.failures, dead.last_error, dead.paused_until) == (0, "", None)


def test_a_kind_that_breaks_is_paused_like_one_that_cannot_be_reached(
    orders: Topic, target: Callable[..., None]
) -> None:
    def deliver(end: Endpoint, events: Sequence[Published]) -> Report:
        raise RuntimeError("a bug")

    target(deliver, in_transaction=True)
    end = endpoint(orders)
    happened("a")
    relay(end, end)
    end.refresh_from_db()
    assert (end.failures, end.last_error, end.lease_until) == (1, "RuntimeError: a bug", None)
    assert became() == [("a", "pending")]


def test_one_worker_at_a_time_serves_an_endpoint(orders: Topic, target: Callable[..., None]) -> None:
    inner: list[int] = []

    def deliver(end: Endpoint, events: Sequence[Published]) -> Report:
        inner.append(serve(end.pk))
        return takes([])(end, events)

    target(deliver)
    end = endpoint(orders)
    happened("a")
    assert relay(end) == 1
    assert inner == [0]


@pytest.mark.parametrize(("in_transaction", "kept"), [(True, 0), (False, 1)])
def test_who_lost_the_lease_records_nothing(
    orders: Topic, target: Callable[..., None], in_transaction: bool, kept: int
) -> None:
    def deliver(end: Endpoint, events: Sequence[Published]) -> Report:
        Endpoint.objects.filter(pk=end.pk).update(fence=end.fence + 1)  # another worker took it meanwhile
        Topic.objects.create(name="trace")
        return takes([])(end, events)

    target(deliver, in_transaction=in_transaction)
    end = endpoint(orders)
    happened("a")
    relay(end)
    assert became() == [("a", "pending")]
    assert Topic.objects.filter(name="trace").count() == kept


def test_a_dead_workers_endpoint_is_taken_over_after_its_lease(orders: Topic, target: Callable[..., None]) -> None:
    target(takes([]))
    end = endpoint(orders, lease_until=Now() + timedelta(minutes=1))
    happened("a")
    assert relay(end) == 0
    Endpoint.objects.update(lease_until=Now())
    assert serve(end.pk) == 1


def test_a_bucket_that_another_router_is_on_is_left_alone(orders: Topic) -> None:
    happened("a")
    happened("b")
    with connection.copy().cursor() as other:  # a session of its own
        other.execute("SELECT pg_advisory_lock(%s, %s)", [ROUTING, bucket_of("a")])
        assert route() == 1
        other.execute("SELECT pg_advisory_unlock_all()")
    other.db.close()
    assert OutboxEvent.objects.get(routed_at=None).key == "a"
    assert route() == 1


def test_a_sweep_hints_at_what_waits_once_in_a_while(orders: Topic, target: Callable[..., None]) -> None:
    target(takes([]))
    with current_app.connection_for_read() as broker, broker.SimpleQueue("effects") as queue:
        queue.clear()
    waits, idle = endpoint(orders), endpoint(orders, "idle", pattern="other")
    happened("a")
    assert sweeping.sweep() == 1
    assert sweeping.hint() == []
    Endpoint.objects.filter(pk=waits.pk).update(hinted_at=Now() - timedelta(seconds=sweeping.HINT_AGAIN))
    assert sweeping.hint() == [waits.pk]
    with current_app.connection_for_read() as broker, broker.SimpleQueue("effects") as queue:
        assert queue.get(block=False).payload[0] == [waits.pk]
    serve(waits.pk)
    happened("a")
    sweeping.sweep()
    assert Endpoint.objects.get(pk=waits.pk).hinted_at
    assert not Endpoint.objects.get(pk=idle.pk).hinted_at


def test_events_that_everybody_has_had_are_forgotten_after_their_time(
    orders: Topic, target: Callable[..., None], settings: Settings
) -> None:
    settings.KEEP_EVENTS = 7
    target(lambda end, events: one_by_one(events, lambda event: AGAIN if event.key == "late" else DONE))
    end = endpoint(orders)
    for key in ("old", "late", "new"):
        happened(key)
    relay(end)
    OutboxEvent.objects.exclude(key="new").update(recorded_at=Now() - timedelta(days=8))
    sweeping.sweep()
    assert became() == [("late", "pending"), ("new", "done")]
    assert set(OutboxEvent.objects.values_list("key", flat=True)) == {"late", "new"}
