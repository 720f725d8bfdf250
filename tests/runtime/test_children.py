"""Instances that start, hear and stop one another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, cancel, retry, send, start
from orchestrator.runtime.models import InboxEvent, Incident, Instance, JournalEntry, Timer
from orchestrator.runtime.verify import problems
from tests.runtime.conftest import Publish

TELL = {"type": "send", "event": "progress", "target": "#_parent"}
WORK: dict[str, Any] = {
    "signalbox": 1,
    "id": "work",
    "initial": "doing",
    "context": {"size": 1},
    "states": {
        "doing": {
            "on": [
                {"event": "finish", "target": "done"},
                {
                    "event": "report",
                    "actions": [{"type": "send", "event": "progress", "target": "#_parent", "data": {"at": 5}}],
                },
                {"event": "ping", "actions": [{"type": "assign", "to": "size", "expr": "context.size + 1"}]},
            ]
        },
        "done": {"type": "final", "output": {"size": "${context.size}"}},
    },
}


def parent(**activity: Any) -> dict[str, Any]:
    return {
        "signalbox": 1,
        "id": "parent",
        "initial": "waiting",
        "context": {"got": None, "heard": 0},
        "states": {
            "waiting": {
                "invoke": [{"id": "child", "result": "got", "onDone": [{"target": "happy"}], **activity}],
                "on": [
                    {"event": "leave", "target": "left"},
                    {"event": "progress", "actions": [{"type": "assign", "to": "heard", "expr": "event.at"}]},
                    {"event": "poke", "actions": [{"type": "send", "event": "ping", "target": "#_child"}]},
                    {"event": "error.communication", "target": "alone"},
                ],
            },
            "happy": {},
            "left": {},
            "alone": {},
            "sad": {},
        },
    }


INLINE = {"kind": "chart", "chart": WORK}


def child_of(instance: int) -> Instance:
    return Instance.objects.get(parent=instance)


def started(publish: Publish, **activity: Any) -> int:
    """A parent whose child runs."""
    instance = start(StartRequest(publish(parent(**activity)).slug, "p")).instance
    drain()
    return instance


def state(instance: int) -> str:
    return Instance.objects.get(pk=instance).configuration


def test_a_child_is_an_instance_whose_output_its_parent_gets(publish: Publish) -> None:
    instance = started(publish, **INLINE, input={"context": {"size": 3}})
    child = child_of(instance)
    assert (child.configuration, child.depth, child.invocation) == ("doing", 1, "child.1")
    send(EventRequest("finish", instance=child.pk))
    drain()
    assert child_of(instance).status == "completed"
    assert state(instance) == "happy"
    last = JournalEntry.objects.filter(instance=instance).latest("seq")
    assert (last.name, '"got"' in last.detail, '"size":3' in last.detail) == ("done.invoke.child", True, True)
    assert list(problems()) == []


def test_a_child_may_be_another_machine_of_the_same_owner(publish: Publish) -> None:
    other = publish(WORK)
    instance = started(publish, kind="start", input={"machine": other.slug, "key": "job-7", "context": {"size": 9}})
    child = child_of(instance)
    assert (child.machine_id, child.key) == (other.pk, "job-7")
    send(EventRequest("finish", machine=other.slug, key="job-7"))
    drain()
    assert state(instance) == "happy"


def test_what_is_not_waited_for_lives_on_by_itself(publish: Publish) -> None:
    other = publish(WORK)
    instance = started(publish, kind="start", input={"machine": other.slug, "key": "job", "await": False})
    child = Instance.objects.get(machine=other)
    assert (child.parent_id, child.configuration, state(instance)) == (None, "doing", "happy")
    cancel(instance, "not needed", "anna")
    drain()
    assert Instance.objects.get(pk=child.pk).status == "running"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"machine": "nobody"}, "UnknownMachine"),
        ({"machine": "machine-1", "key": "taken"}, "KeyTaken"),
        ({"machine": "machine-1", "key": 5}, "InvalidInput"),
        ({"machine": "machine-1", "context": [1]}, "InvalidInput"),
    ],
)
def test_a_child_that_cannot_be_started_is_a_failed_activity(
    publish: Publish, given: dict[str, Any], named: str
) -> None:
    start(StartRequest(publish(WORK).slug, "taken"))
    instance = started(publish, kind="start", input=given, onFailure={"policy": "catch", "target": "sad"})
    assert state(instance) == "sad"
    assert named in JournalEntry.objects.filter(instance=instance).latest("seq").data


def test_leaving_the_state_cancels_the_child(publish: Publish) -> None:
    instance = started(publish, **INLINE)
    send(EventRequest("leave", instance=instance))
    drain()
    child = child_of(instance)
    assert (state(instance), child.status) == ("left", "cancelled")
    assert "waits for it no longer" in JournalEntry.objects.filter(instance=child.pk).latest("seq").data


def test_cancelling_a_parent_cancels_its_family(publish: Publish) -> None:
    inner = parent(**INLINE)
    instance = started(publish, kind="chart", chart=inner)
    assert Instance.objects.count() == 3
    cancel(instance, "all of it", "anna")
    drain()
    assert set(Instance.objects.values_list("status", flat=True)) == {"cancelled"}
    assert list(problems()) == []


def test_a_cancelled_child_fails_the_activity(publish: Publish) -> None:
    instance = started(publish, **INLINE, onFailure={"policy": "catch", "target": "sad"})
    cancel(child_of(instance).pk, "by hand", "anna")
    drain()
    assert state(instance) == "sad"


def test_a_retry_starts_the_child_of_a_failed_activity_anew(publish: Publish) -> None:
    instance = started(publish, **INLINE)
    cancel(child_of(instance).pk, "by hand", "anna")
    drain()
    assert Instance.objects.get(pk=instance).status == "failed"
    assert Incident.objects.filter(instance=instance, resolved_at=None).count() == 1
    retry(instance, "again", "anna")
    drain()
    second = Instance.objects.get(parent=instance, status="running")
    send(EventRequest("finish", instance=second.pk))
    drain()
    assert state(instance) == "happy"
    assert list(problems()) == []


def test_parent_and_child_hear_each_other(publish: Publish) -> None:
    instance = started(publish, **INLINE)
    child = child_of(instance).pk
    send(EventRequest("report", instance=child))
    send(EventRequest("poke", instance=instance))
    drain()
    drain()
    heard = JournalEntry.objects.filter(kind="sent").values_list("instance", "name", "outcome")
    assert set(heard) == {(instance, "progress", "applied"), (child, "ping", "applied")}
    assert '"heard":[0,5]' in JournalEntry.objects.get(instance=instance, name="progress").detail
    assert list(problems()) == []


def test_an_event_for_nobody_comes_back_as_an_error(publish: Publish) -> None:
    instance = started(publish, **INLINE)
    child = child_of(instance).pk
    send(EventRequest("finish", instance=child))
    send(EventRequest("poke", instance=instance))
    drain()
    assert state(instance) in ("happy", "alone")
    machine = publish(
        {
            "signalbox": 1,
            "id": "lonely",
            "initial": "a",
            "states": {
                "a": {
                    "entry": [{"type": "send", "event": "hello", "target": "#_scxml_999999"}],
                    "on": [{"event": "error.communication", "target": "b"}],
                },
                "b": {},
            },
        }
    )
    lonely = start(StartRequest(machine.slug, "l")).instance
    drain()
    assert state(lonely) == "b"


def test_an_event_reaches_no_instance_of_another_owner(publish: Publish, django_user_model: Any) -> None:
    instance = started(publish, **INLINE)
    child = child_of(instance)
    child.machine.owner = django_user_model.objects.create_user("stranger")
    stranger = publish(WORK)
    stranger.owner = child.machine.owner
    stranger.save()
    target = start(StartRequest(stranger.slug, "t")).instance
    drain()
    machine = publish(
        {
            "signalbox": 1,
            "id": "nosy",
            "initial": "a",
            "states": {
                "a": {
                    "entry": [{"type": "send", "event": "ping", "target": f"#_scxml_{target}"}],
                    "on": [{"event": "error.communication", "target": "b"}],
                },
                "b": {},
            },
        }
    )
    nosy = start(StartRequest(machine.slug, "n")).instance
    drain()
    assert state(nosy) == "b"
    assert not JournalEntry.objects.filter(instance=target, name="ping").exists()


def test_a_delayed_event_for_a_parent_waits_as_a_timer_of_the_child(publish: Publish) -> None:
    late = {**TELL, "data": {"at": 1}, "delay": "PT1H"}
    work = {**WORK, "states": {**WORK["states"], "doing": {"entry": [late]}}}
    instance = started(publish, kind="chart", chart=work)
    assert Timer.objects.get().target == "#_parent"
    Timer.objects.update(wake=F("since") - timedelta(days=1))
    drain()
    assert JournalEntry.objects.filter(instance=instance, name="progress").exists()
    assert not JournalEntry.objects.filter(instance=child_of(instance).pk, name="progress").exists()


def test_a_machine_that_starts_itself_comes_to_an_end(publish: Publish) -> None:
    machine = publish(
        parent(kind="start", input={"machine": "machine-1"}, onFailure={"policy": "catch", "target": "sad"})
    )
    start(StartRequest(machine.slug, "first"))
    drain()
    assert Instance.objects.count() == 17
    assert Instance.objects.get(depth=16).configuration == "sad"


def test_two_machines_that_feed_each_other_are_stopped(publish: Publish) -> None:
    """Row 21 of what must be survived: a loop that no single step can see."""
    work = {
        **WORK,
        "states": {
            "doing": {"on": [{"event": "ping", "actions": [{"type": "send", "event": "pong", "target": "#_parent"}]}]}
        },
    }
    back = {"event": "pong", "actions": [{"type": "send", "event": "ping", "target": "#_child"}]}
    document = parent(kind="chart", chart=work)
    document["states"]["waiting"]["on"].append(back)
    instance = start(StartRequest(publish(document).slug, "p")).instance
    drain()
    send(EventRequest("poke", instance=instance))
    while InboxEvent.objects.exists():
        drain()
    assert Incident.objects.get(kind="loop").message.startswith("p")
    assert 1_000 <= JournalEntry.objects.count() <= 1_010
    assert list(problems()) == []
