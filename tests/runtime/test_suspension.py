"""A suspended instance loses nothing of what is sent to it, and moves no more until it is resumed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    CommandError,
    EventRequest,
    StartRequest,
    cancel,
    resume,
    send,
    send_many,
    start,
    suspend,
)
from orchestrator.runtime.models import PARKED, ActivityRun, InboxEvent, Instance, JournalEntry, Timer
from orchestrator.runtime.perform import perform
from orchestrator.runtime.verify import problems
from tests.runtime.conftest import Publish

CALL = {"id": "call", "kind": "python", "input": {"callable": "payments.refund", "args": {"payment": "p"}}}


def resting(publish: Publish) -> int:
    machine = publish(
        draft={
            "on": [{"event": "submit", "target": "review"}, {"event": "note"}],
            "after": [{"delay": "PT1H", "target": "done"}],
            "invoke": [CALL],
        }
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    suspend(instance, "the warehouse is closed", "anna")
    drain()
    return instance


def names(instance: int) -> list[str]:
    return list(JournalEntry.objects.filter(instance=instance).order_by("seq").values_list("name", flat=True))


def test_events_wait_and_come_in_their_order_after_the_resume(publish: Publish) -> None:
    instance = resting(publish)
    assert Instance.objects.get().status == "suspended"
    send_many([EventRequest("note", instance=instance), EventRequest("submit", instance=instance)])
    drain()
    assert (Instance.objects.get().configuration, names(instance)) == ("draft", ["start", "suspend"])
    assert set(InboxEvent.objects.values_list("shard", flat=True)) == {PARKED}
    resume(instance, "open again", "anna")
    send(EventRequest("approve", instance=instance))
    drain()
    drain()
    assert names(instance) == ["start", "suspend", "resume", "note", "submit", "approve"]
    assert Instance.objects.get().status == "completed"
    assert list(problems()) == []


def test_who_and_why_are_journaled(publish: Publish) -> None:
    instance = resting(publish)
    entry = JournalEntry.objects.get(instance=instance, name="suspend")
    assert (entry.actor, "the warehouse is closed" in entry.data) == ("anna", True)


def test_no_timer_fires_until_the_resume(publish: Publish) -> None:
    instance = resting(publish)
    past = timezone.now() - timedelta(seconds=1)
    Timer.objects.update(due=past, wake=past)
    Instance.objects.update(next_due=past)
    drain()
    assert Instance.objects.get().configuration == "draft"
    resume(instance, "open again", "anna")
    drain()
    drain()
    assert Instance.objects.get().configuration == "done"
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_no_activity_begins_until_the_resume(publish: Publish) -> None:
    instance = resting(publish)
    run = ActivityRun.objects.get()
    assert (run.status, perform(run.pk)) == ("suspended", "skipped")
    resume(instance, "open again", "anna")
    drain()
    assert perform(run.pk) == "done"


def test_a_suspended_instance_can_be_cancelled(publish: Publish) -> None:
    instance = resting(publish)
    send(EventRequest("submit", instance=instance))
    drain()
    cancel(instance, "given up", "anna")
    drain()
    drain()
    assert Instance.objects.get().status == "cancelled"
    assert not InboxEvent.objects.exists()
    assert names(instance) == ["start", "suspend", "cancel", "submit"]
    assert list(problems()) == []


def test_what_is_not_suspended_cannot_be_resumed_nor_suspended_twice(publish: Publish) -> None:
    instance = resting(publish)
    with pytest.raises(CommandError, match="suspended"):
        suspend(instance, "twice", "anna")
    resume(instance, "on", "anna")
    drain()
    with pytest.raises(CommandError, match="running"):
        resume(instance, "twice", "anna")
