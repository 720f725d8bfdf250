from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    Accepted,
    CommandError,
    EventRequest,
    Started,
    StartRequest,
    cancel,
    retry,
    send,
    send_many,
    start,
    start_many,
)
from orchestrator.runtime.models import EventKey, InboxEvent, Instance, JournalEntry
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db


def refusal(request: EventRequest) -> CommandError:
    with pytest.raises(CommandError) as caught:
        send(request)
    return caught.value


def test_a_start_is_applied_by_a_drain_and_journaled_with_its_actor(publish: Publish) -> None:
    started = start(StartRequest(publish().slug, "o-1", {"amount": 3}), actor="user:ann")
    drain()
    instance = Instance.objects.get(pk=started.instance)
    entry = JournalEntry.objects.get(instance=instance)
    assert (instance.configuration, instance.seq, started.created) == ("draft", 1, True)
    assert (entry.kind, entry.outcome, entry.actor, entry.data) == ("start", "applied", "user:ann", '{"amount":3}')


def test_the_same_business_key_again_returns_the_existing_instance(publish: Publish) -> None:
    slug = publish().slug
    first, again = start(StartRequest(slug, "o-1")), start(StartRequest(slug, "o-1"))
    assert again == Started(first.instance, "o-1", created=False)
    assert Instance.objects.count() == InboxEvent.objects.count() == 1


def test_a_bulk_start_answers_each_item(publish: Publish) -> None:
    slug = publish().slug
    unpublished = publish()
    unpublished.current = None
    unpublished.save()
    answers = start_many(
        [
            StartRequest(slug, "a"),
            StartRequest("nowhere", "a"),
            StartRequest(slug, ""),
            StartRequest(slug, "a"),
            StartRequest(unpublished.slug, "a"),
        ]
    )
    codes = [answer.code if isinstance(answer, CommandError) else answer.created for answer in answers]
    assert codes == [True, "unknown-machine", "invalid", False, "not-published"]


def test_a_bulk_send_answers_each_item_and_keeps_the_order(publish: Publish) -> None:
    machine = publish()
    instance = start(StartRequest(machine.slug, "a")).instance
    answers = send_many(
        [
            EventRequest("submit", instance=instance),
            EventRequest("submit", instance=instance + 1),
            EventRequest("approve", machine=machine.slug, key="a"),
            EventRequest("submit", machine=machine.slug, key="b"),
            EventRequest("submit", machine=machine.slug, key="c", start=True),
            EventRequest("approve", machine=machine.slug, key="c", start=True),
        ]
    )
    codes = [answer.code if isinstance(answer, CommandError) else "ok" for answer in answers]
    assert codes == ["ok", "unknown-instance", "ok", "unknown-instance", "ok", "ok"]
    drain()
    assert set(Instance.objects.values_list("key", "configuration")) == {("a", "done"), ("c", "done")}


def test_an_idempotency_key_answers_as_the_first_time(publish: Publish) -> None:
    machine = publish()
    request = EventRequest(
        "submit", {"n": 1}, machine=machine.slug, key="a", start=True, source="s", idempotency_key="k"
    )
    first = send(request)
    assert send(request) == Accepted(first.event, first.instance, duplicate=True)
    send(EventRequest("approve", instance=first.instance))
    drain()
    assert send(request).duplicate, "also after the instance has finished"
    assert EventKey.objects.count() == 1
    assert JournalEntry.objects.filter(name="submit").count() == 1


def test_an_idempotency_key_repeated_inside_one_call_is_applied_once(publish: Publish) -> None:
    slug = publish().slug
    request = EventRequest("note", machine=slug, key="a", start=True, idempotency_key="k")
    other = EventRequest("note", {"n": 2}, machine=slug, key="a", idempotency_key="k")
    first, second, third = send_many([request, request, other])
    assert isinstance(first, Accepted)
    assert second == Accepted(first.event, first.instance, duplicate=True)
    assert isinstance(third, CommandError)
    assert third.code == "conflict"
    drain()
    assert JournalEntry.objects.filter(name="note").count() == 1


def test_the_same_key_with_another_payload_is_a_conflict_and_starts_nothing(publish: Publish) -> None:
    slug = publish().slug
    send(EventRequest("note", machine=slug, key="a", start=True, idempotency_key="k"))
    assert refusal(EventRequest("note", machine=slug, key="b", start=True, idempotency_key="k")).code == "conflict"
    assert not Instance.objects.filter(key="b").exists()


def test_a_finished_instance_takes_no_more(publish: Publish) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    send_many([EventRequest("submit", instance=instance), EventRequest("approve", instance=instance)])
    drain()
    assert refusal(EventRequest("note", instance=instance)).code == "finished"
    with pytest.raises(CommandError, match="completed"):
        cancel(instance, "too late", "user:ann")


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"name": ""}, "invalid", "name"),
        ({"name": "n" * 201}, "too-large", "name"),
        ({"name": "a\x00b"}, "invalid", "name"),
        ({"name": "done.invoke.charge"}, "invalid", "name"),
        ({"data": {"x": "y" * 300_000}}, "too-large", "data"),
        ({"data": {"x": float("nan")}}, "invalid", "data"),
        ({"data": {"x": object()}}, "invalid", "data"),
        ({"data": [1]}, "invalid", "data"),
        ({"data": deep(100)}, "too-large", "data"),
        ({"data": deep(100_000)}, "too-large", "data"),
        ({"idempotency_key": "k" * 201}, "too-large", "idempotencyKey"),
        ({"source": "a\nb"}, "invalid", "source"),
        ({"instance": 2**70}, "unknown-instance", "instance"),
        ({"instance": None}, "invalid", "instance"),
        ({"occurred_at": datetime(2026, 1, 1)}, "invalid", "occurredAt"),
        ({"occurred_at": timezone.now() + timedelta(days=2)}, "invalid", "occurredAt"),
    ],
)
def test_bad_input_is_refused_by_field_and_stores_nothing(
    publish: Publish, changed: dict[str, Any], code: str, field: str
) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    drain()
    error = refusal(EventRequest(**{"name": "note", "instance": instance, **changed}))
    assert (error.code, error.field) == (code, field)
    assert not InboxEvent.objects.exists()


def test_more_than_the_bulk_bound_is_refused_as_a_whole() -> None:
    with pytest.raises(CommandError, match="5000"):
        send_many([EventRequest("note", instance=1)] * 5_001)


def test_state_entry_follows_event_time_which_never_passes_the_database_clock(publish: Publish) -> None:
    slug, long_ago = publish().slug, datetime(2012, 3, 1, tzinfo=UTC)
    send(EventRequest("submit", machine=slug, key="past", start=True, occurred_at=long_ago))
    send(EventRequest("submit", machine=slug, key="soon", start=True, occurred_at=timezone.now() + timedelta(hours=2)))
    drain()
    past, soon = Instance.objects.get(key="past"), Instance.objects.get(key="soon")
    assert (past.started_at, past.updated_at) == (long_ago, long_ago)
    assert soon.updated_at <= timezone.now()


def test_an_event_that_no_transition_takes_is_journaled_as_ignored(publish: Publish) -> None:
    send(EventRequest("unheard.of", machine=publish().slug, key="a", start=True))
    drain()
    assert JournalEntry.objects.get(name="unheard.of").outcome == "ignored"


def test_an_operator_cancels_in_order_with_a_reason(publish: Publish) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    send(EventRequest("submit", instance=instance))
    cancel(instance, "customer left", "user:ann")
    drain()
    entry = JournalEntry.objects.get(instance=instance, kind="command")
    assert Instance.objects.get(pk=instance).status == "cancelled"
    assert (entry.seq, entry.name, entry.actor) == (3, "cancel", "user:ann")
    assert "customer left" in entry.detail


def test_a_retry_with_nothing_to_retry_stores_nothing(publish: Publish) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    drain()
    assert retry(instance, "again", "user:ann") == 0
    assert not InboxEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_fails_never_fails_the_call(publish: Publish) -> None:
    slug = publish().slug
    current_app.conf.update(broker_url="redis://127.0.0.1:1/0")
    assert start(StartRequest(slug, "a")).created
    assert InboxEvent.objects.count() == 1


def test_two_machines_do_not_share_idempotency_keys(publish: Publish) -> None:
    answers = [
        send(EventRequest("submit", machine=publish().slug, key="a", start=True, source="shop", idempotency_key="1"))
        for _ in range(2)
    ]
    assert [answer.duplicate for answer in answers] == [False, False]


def test_an_event_that_is_refused_starts_nothing(publish: Publish) -> None:
    machine = publish()
    events = [
        EventRequest("submit", machine=machine.slug, key=key, start=True, idempotency_key="same") for key in ("a", "b")
    ]
    accepted, refused = send_many(events)
    assert isinstance(accepted, Accepted)
    assert isinstance(refused, CommandError)
    assert list(Instance.objects.values_list("key", flat=True)) == ["a"]
    assert InboxEvent.objects.count() == 2
