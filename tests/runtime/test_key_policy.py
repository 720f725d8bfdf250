"""What a start means whose business key is taken, as the machine says; and which run a key leads to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    Accepted,
    CommandError,
    EventRequest,
    Started,
    StartRequest,
    cancel,
    send,
    send_many,
    start,
    start_many,
)
from orchestrator.runtime.listings import instance_of_key
from orchestrator.runtime.models import EventKey, InboxEvent, Instance, JournalEntry
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db


def machine_with(publish: Publish, policy: str) -> Machine:
    machine = publish()
    machine.key_policy = policy
    machine.save()
    return machine


def ended(machine: Machine, key: str = "a") -> int:
    """An instance of this key which has ended."""
    instance = start(StartRequest(machine.slug, key)).instance
    cancel(instance, "over", "user:ann")
    drain()
    return instance


def codes(answers: list[Started | CommandError]) -> list[str]:
    return [a.code if isinstance(a, CommandError) else "new" if a.created else "known" for a in answers]


def test_existing_answers_with_the_instance_also_after_its_end(publish: Publish) -> None:
    machine = machine_with(publish, "existing")
    old = ended(machine)
    assert start(StartRequest(machine.slug, "a")) == Started(old, "a", created=False)


def test_refuse_refuses_a_running_and_an_ended_one_and_stores_nothing(publish: Publish) -> None:
    machine = machine_with(publish, "refuse")
    start(StartRequest(machine.slug, "running"))
    ended(machine)
    before = (Instance.objects.count(), InboxEvent.objects.count())
    for key in ("running", "a"):
        with pytest.raises(CommandError, match="choose another key") as refused:
            start(StartRequest(machine.slug, key))
        assert (refused.value.code, refused.value.field) == ("conflict", "key")
    assert (Instance.objects.count(), InboxEvent.objects.count()) == before


def test_refuse_takes_the_first_of_two_in_one_call(publish: Publish) -> None:
    slug = machine_with(publish, "refuse").slug
    assert codes(start_many([StartRequest(slug, key) for key in ("a", "a", "b")])) == ["new", "conflict", "new"]
    assert InboxEvent.objects.count() == 2


def test_refuse_does_not_stop_an_event_that_starts_what_is_missing(publish: Publish) -> None:
    slug = machine_with(publish, "refuse").slug
    events = [EventRequest("note", machine=slug, key="a", start=True) for _ in range(2)]
    assert [isinstance(answer, Accepted) for answer in send_many(events)] == [True, True]
    assert Instance.objects.count() == 1


@pytest.mark.parametrize("status", ["completed", "failed", "compensated", "cancelled"])
def test_new_starts_a_further_run_once_the_last_has_ended(publish: Publish, status: str) -> None:
    machine = machine_with(publish, "new")
    old = start(StartRequest(machine.slug, "a")).instance
    assert start(StartRequest(machine.slug, "a")) == Started(old, "a", created=False)
    drain()
    Instance.objects.update(status=status)
    again = start(StartRequest(machine.slug, "a", {"n": 2}))
    assert again.created
    assert again.instance != old
    drain()
    assert list(Instance.objects.order_by("id").values_list("current", "status")) == [
        (False, status),
        (True, "running"),
    ]
    assert JournalEntry.objects.get(instance=again.instance).data == '{"n":2}'


@pytest.mark.parametrize("status", ["running", "compensating", "suspended"])
def test_new_answers_with_a_run_that_has_not_ended(publish: Publish, status: str) -> None:
    machine = machine_with(publish, "new")
    old = start(StartRequest(machine.slug, "a")).instance
    Instance.objects.update(status=status)
    assert start(StartRequest(machine.slug, "a")) == Started(old, "a", created=False)


def test_a_bulk_start_makes_one_further_run_for_each_key(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    ended(machine)
    answers = start_many([StartRequest(machine.slug, key) for key in ("a", "a", "b")])
    assert codes(answers) == ["new", "known", "new"]


def test_an_unpublished_machine_starts_no_further_run(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    old = ended(machine)
    Machine.objects.update(current=None)
    assert start(StartRequest(machine.slug, "a")) == Started(old, "a", created=False)
    assert Instance.objects.get().current


def test_a_key_leads_to_the_current_run(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    old = ended(machine)
    new = start(StartRequest(machine.slug, "a")).instance
    assert send(EventRequest("submit", machine=machine.slug, key="a")).instance == new
    assert instance_of_key(machine.pk, "a") == new
    with pytest.raises(CommandError, match="no more events"):
        send(EventRequest("submit", instance=old))
    drain()
    assert Instance.objects.get(pk=new).configuration == "review"


def test_an_event_with_start_begins_a_further_run_and_takes_the_others_of_its_key_along(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    old = ended(machine)
    events = [EventRequest(name, machine=machine.slug, key="a", start=name == "submit") for name in ("submit", "note")]
    instances = {answer.instance for answer in send_many(events) if isinstance(answer, Accepted)}
    assert len(instances) == 1
    assert old not in instances
    drain()
    assert Instance.objects.get(current=True).configuration == "review"


def test_an_event_without_start_reaches_no_run_that_has_ended(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    ended(machine)
    with pytest.raises(CommandError, match="no more events"):
        send(EventRequest("submit", machine=machine.slug, key="a"))
    assert Instance.objects.count() == 1


def test_a_repeated_event_is_answered_as_the_first_time_after_a_further_run_began(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    request = EventRequest("note", machine=machine.slug, key="a", start=True, idempotency_key="k")
    first = send(request)
    cancel(first.instance, "over", "user:ann")
    drain()
    assert send(request) == Accepted(first.event, first.instance, duplicate=True), "it starts nothing"
    start(StartRequest(machine.slug, "a"))
    assert send(request) == Accepted(first.event, first.instance, duplicate=True)
    assert EventKey.objects.count() == 1


def test_a_further_run_that_was_begun_for_nothing_gives_the_key_back(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    old = ended(machine)
    events = [
        EventRequest("note", machine=machine.slug, key=key, start=True, idempotency_key="same") for key in ("b", "a")
    ]
    assert [isinstance(answer, Accepted) for answer in send_many(events)] == [True, False]
    assert instance_of_key(machine.pk, "a") == old


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("policy", ["existing", "refuse", "new"])
def test_of_many_starts_at_once_one_makes_the_instance(publish: Publish, policy: str) -> None:
    machine = machine_with(publish, policy)
    if policy == "new":
        ended(machine)
    at_once = Barrier(6)

    def go(_: int) -> Started | CommandError:
        try:
            at_once.wait()
            return start_many([StartRequest(machine.slug, "a")])[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = codes(list(pool.map(go, range(6))))
    assert sorted(answers) == sorted(["new", *["conflict" if policy == "refuse" else "known"] * 5])
    assert Instance.objects.filter(current=True).count() == 1
    assert InboxEvent.objects.count() == 1


def test_the_database_itself_holds_one_current_instance_of_a_key(publish: Publish) -> None:
    machine = machine_with(publish, "new")
    ended(machine)
    start(StartRequest(machine.slug, "a"))
    with pytest.raises(IntegrityError, match="instance_key_unique"):
        Instance.objects.update(current=True)


def test_a_key_is_looked_up_in_the_index_of_current_instances(publish: Publish) -> None:
    machine = machine_with(publish, "existing")
    start_many([StartRequest(machine.slug, f"k-{number}") for number in range(2_000)])
    wanted = "SELECT id FROM runtime_instance i WHERE i.machine_id = %s AND i.key = %s AND i.current"
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE runtime_instance")
        cursor.execute(f"EXPLAIN {wanted}", [machine.pk, "k-7"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "instance_key_unique" in plan
