"""An operator skips an activity or moves an instance: ordered with its other inputs, and journaled with who and why."""

from __future__ import annotations

import json

import pytest

from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    CommandError,
    EventRequest,
    StartRequest,
    move,
    resume,
    send,
    skip,
    start,
    suspend,
)
from orchestrator.runtime.models import ActivityRun, Incident, Instance, JournalEntry, Timer
from orchestrator.runtime.perform import perform
from orchestrator.runtime.verify import problems
from tests.runtime.conftest import Publish

CALL = {
    "id": "call",
    "kind": "python",
    "input": {"callable": "nowhere.to.be.found"},
    "result": "paid",
    "onDone": [{"target": "review"}],
}


def started(publish: Publish, **more: object) -> int:
    machine = publish(draft={"invoke": [{**CALL, **more}], "on": [{"event": "submit", "target": "review"}]})
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    return instance


def last(instance: int) -> JournalEntry:
    return JournalEntry.objects.filter(instance=instance).order_by("seq").last() or JournalEntry()


def fail(instance: int) -> None:
    perform(ActivityRun.objects.get(instance=instance, status="pending").pk)
    drain()


def test_an_activity_that_waits_is_skipped_with_a_result_and_its_run_is_let_go(publish: Publish) -> None:
    instance = started(publish)
    skip(instance, "call", {"result": {"by": "phone"}}, "the bank called back", "anna")
    drain()
    found = Instance.objects.get()
    assert (found.configuration, json.loads(found.snapshot)["context"]) == ("review", {"paid": {"by": "phone"}})
    assert ActivityRun.objects.get().status == "cancelled"
    told = last(instance)
    assert (told.name, told.actor, json.loads(told.data)["reason"]) == ("skip", "anna", "the bank called back")
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_a_failed_activity_that_is_skipped_lets_the_instance_go_on_and_ends_its_incident(publish: Publish) -> None:
    instance = started(publish, retry={"maxAttempts": 1})
    fail(instance)
    assert (Instance.objects.get().status, Incident.objects.get().resolved_at) == ("failed", None)
    skip(instance, "call", {}, "paid by hand", "anna")
    drain()
    assert (Instance.objects.get().status, Instance.objects.get().configuration) == ("running", "review")
    assert Incident.objects.filter(resolved_at=None).count() == 0
    assert list(problems()) == []


def test_skipping_what_nobody_waits_for_is_refused(publish: Publish) -> None:
    with pytest.raises(CommandError, match="those that can be skipped: call") as refused:
        skip(started(publish), "other", {}, "why not", "anna")
    assert (refused.value.code, refused.value.field) == ("conflict", "activity")


def test_a_command_without_a_reason_is_refused(publish: Publish) -> None:
    instance = started(publish)
    with pytest.raises(CommandError, match="reason is missing"):
        skip(instance, "call", {}, " ", "anna")
    with pytest.raises(CommandError, match="reason is missing"):
        move(instance, "done", "", "anna")


def test_a_command_that_came_too_late_changes_nothing_and_says_so(publish: Publish) -> None:
    instance = started(publish)
    send(EventRequest("submit", instance=instance))
    skip(instance, "call", {}, "it takes too long", "anna")
    drain()
    found, told = Instance.objects.get(), last(instance)
    assert (found.configuration, told.outcome) == ("review", "error")
    assert "nothing waits for the activity “call”" in json.loads(told.detail)["message"]
    assert Incident.objects.count() == 0
    assert list(problems()) == []


def test_a_move_leaves_what_is_active_and_is_journaled_with_who_and_why(publish: Publish) -> None:
    instance = started(publish)
    move(instance, "review", "sent in by letter", "anna")
    drain()
    assert Instance.objects.get().configuration == "review"
    assert ActivityRun.objects.get().status == "cancelled"
    assert (last(instance).name, last(instance).actor) == ("move", "anna")
    assert json.loads(last(instance).detail)["exited"] == ["draft"]
    assert list(problems()) == []


def test_a_move_to_no_state_is_refused_in_plain_words(publish: Publish) -> None:
    with pytest.raises(CommandError, match="the chart has no state “nowhere”") as refused:
        move(started(publish), "nowhere", "why not", "anna")
    assert refused.value.field == "state"


def test_a_suspended_instance_that_is_moved_rests_in_its_new_state_until_it_is_resumed(publish: Publish) -> None:
    machine = publish(review={"after": [{"delay": "PT1S", "target": "done"}], "invoke": [CALL]})
    instance = start(StartRequest(machine.slug, "a")).instance
    suspend(instance, "holidays", "anna")
    drain()
    move(instance, "review", "it was sent in", "anna")
    drain()
    assert (Instance.objects.get().status, Instance.objects.get().configuration) == ("suspended", "review")
    assert (ActivityRun.objects.get().status, Timer.objects.get().shard) == ("suspended", -1)
    resume(instance, "back again", "anna")
    drain()
    assert (Instance.objects.get().status, ActivityRun.objects.get().status) == ("running", "pending")
    assert list(problems()) == []


def test_a_suspended_instance_that_is_moved_to_its_end_has_ended(publish: Publish) -> None:
    instance = started(publish)
    suspend(instance, "holidays", "anna")
    move(instance, "done", "it is over", "anna")
    drain()
    assert Instance.objects.get().status == "completed"
    assert list(problems()) == []
