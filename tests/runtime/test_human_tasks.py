"""A task waits for a person: it is answered once, rejected with a reason, handed over, and called when it is late."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orchestrator.runtime import recovery
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    CommandError,
    EventRequest,
    Person,
    StartRequest,
    answer_task,
    cancel,
    claim_task,
    reassign_task,
    reject_task,
    release_task,
    retry,
    send,
    start,
)
from orchestrator.runtime.models import ActivityRun, HumanTask, InboxEvent, Incident, Instance, JournalEntry, TaskEntry
from orchestrator.runtime.perform import perform
from orchestrator.runtime.tasks import sweep
from orchestrator.runtime.verify import problems
from orchestrator.statechart.definition import JSON
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)
ANN, BOB = Person("ann", "user:ann"), Person("bob", "user:bob")
BOSS = Person("boss", "user:boss", manages=True)
FORM = [
    {"name": "approved", "type": "boolean", "required": True},
    {"name": "limit", "type": "number"},
    {"name": "note", "type": "text"},
]


def asking(**more: Any) -> dict[str, Any]:
    """A state that asks a person; keyword arguments are of the input, but for those of the activity."""
    outer = {name: more.pop(name) for name in ("onFailure", "onDone", "retry") if name in more}
    given = {"title": "Review ${instance.key}", "group": "underwriters", "form": FORM, **more}
    activity = {"id": "ask", "kind": "human", "title": "Review", "input": given, "result": "review"}
    return {"invoke": [{**activity, "onDone": [{"target": "done"}], **outer}]}


def begin(publish: Publish, **states: dict[str, Any]) -> Instance:
    started = start(StartRequest(publish(**states).slug, "a"))
    drain()
    return Instance.objects.get(pk=started.instance)


def refused(call: Any, *arguments: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call(*arguments)
    return caught.value


def only_task() -> HumanTask:
    return HumanTask.objects.select_related("run").get()


def test_a_task_waits_for_a_person_and_no_worker_takes_it(publish: Publish) -> None:
    begin(publish, draft=asking(due="PT2H"))
    task = only_task()
    assert (task.run.status, task.title, task.assignee, task.group) == ("waiting", "Review a", "", "underwriters")
    assert task.due is not None
    assert timedelta(minutes=119) < task.due - timezone.now() <= timedelta(hours=2)
    assert perform(task.pk) == "skipped"
    assert recovery.enqueue_activities() == 0
    assert only_task().run.attempts == 0


def test_an_answer_moves_the_instance_and_the_journal_says_who_gave_it(publish: Publish) -> None:
    instance = begin(publish, draft=asking())
    assert answer_task(only_task().pk, {"approved": True, "limit": 2.5}, ANN) == instance.pk
    drain()
    instance.refresh_from_db()
    assert instance.configuration == "done"
    answer = {"approved": True, "limit": 2.5, "note": None, "answeredBy": "ann"}
    assert json.loads(instance.snapshot)["context"]["review"] == answer
    entry = JournalEntry.objects.get(kind="activity")
    assert (entry.name, entry.actor) == ("done.invoke.ask", "user:ann")
    assert TaskEntry.objects.values_list("action", "actor").get() == ("answered", "user:ann")
    assert list(problems()) == []


def test_a_second_answer_is_refused_and_changes_nothing(publish: Publish) -> None:
    begin(publish, draft=asking())
    task = only_task().pk
    answer_task(task, {"approved": True}, ANN)
    for again in (lambda: answer_task(task, {"approved": False}, ANN), lambda: reject_task(task, "no", ANN)):
        assert refused(again).code == "conflict"
    drain()
    assert refused(answer_task, task, {"approved": False}, ANN).code == "conflict"
    assert InboxEvent.objects.count() == 0
    assert JournalEntry.objects.filter(kind="activity").count() == 1


def test_of_many_who_answer_at_once_one_is_heard(publish: Publish) -> None:
    begin(publish, draft=asking())
    task, together, outcomes = only_task().pk, threading.Barrier(6), list[str]()

    def try_it(number: int) -> None:
        together.wait(10)
        try:
            answer_task(task, {"approved": True, "limit": number}, Person(f"u{number}", f"user:u{number}"))
            outcomes.append("heard")
        except CommandError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["conflict"] * 5 + ["heard"]
    drain()
    assert JournalEntry.objects.filter(kind="activity").count() == 1
    assert list(problems()) == []


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "approved"),
        ({"approved": "yes"}, "approved"),
        ({"approved": True, "limit": "2"}, "limit"),
        ({"approved": True, "strange": 1}, "strange"),
        ({"approved": True, "note": "a\x00b"}, "note"),
        ({"approved": True, "note": "x" * 300_000}, "answer"),
    ],
)
def test_an_answer_that_does_not_fit_the_form_stores_nothing(
    publish: Publish, data: dict[str, Any], field: str
) -> None:
    begin(publish, draft=asking())
    assert refused(answer_task, only_task().pk, data, ANN).field == field
    assert (only_task().run.status, InboxEvent.objects.count(), TaskEntry.objects.count()) == ("waiting", 0, 0)


def test_a_task_goes_with_its_state_and_takes_no_answer_then(publish: Publish) -> None:
    instance = begin(publish, draft={**asking(), "on": [{"event": "submit", "target": "review"}]})
    send(EventRequest("submit", instance=instance.pk))
    drain()
    assert only_task().run.status == "cancelled"
    assert refused(answer_task, only_task().pk, {"approved": True}, ANN).code == "finished"


def test_a_task_goes_with_its_instance(publish: Publish) -> None:
    instance = begin(publish, draft=asking())
    cancel(instance.pk, "withdrawn", "user:boss")
    drain()
    assert only_task().run.status == "cancelled"
    assert refused(claim_task, only_task().pk, ANN).code == "finished"


def test_a_rejection_fails_the_activity_with_its_reason_and_the_policy_acts(publish: Publish) -> None:
    catch = {"policy": "catch", "target": "review"}
    instance = begin(publish, draft=asking(onFailure=catch, retry={"maxAttempts": 5}))
    reject_task(only_task().pk, "papers are missing", ANN, "Incomplete")
    drain()
    instance.refresh_from_db()
    assert (instance.configuration, only_task().run.status) == ("review", "failed")
    data = json.loads(JournalEntry.objects.get(kind="activity").data)
    assert data["error"] == {"class": "Incomplete", "message": "papers are missing"}
    assert TaskEntry.objects.values_list("action", "reason", "detail").get() == (
        "rejected",
        "papers are missing",
        "Incomplete",
    )


def test_an_operator_retries_a_rejected_task_and_it_waits_anew(publish: Publish) -> None:
    instance = begin(publish, draft=asking())
    reject_task(only_task().pk, "not mine", ANN)
    drain()
    assert Instance.objects.get().status == "failed"
    retry(instance.pk, "ask again", "user:boss")
    drain()
    assert (only_task().run.status, Instance.objects.get().status) == ("waiting", "running")
    answer_task(only_task().pk, {"approved": False}, BOB)
    drain()
    assert Instance.objects.get().configuration == "done"
    assert list(problems()) == []


def test_a_task_is_claimed_released_and_reassigned_with_who_and_why(publish: Publish) -> None:
    begin(publish, draft=asking())
    task = only_task().pk
    claim_task(task, ANN)
    claim_task(task, ANN)
    assert refused(claim_task, task, BOB).code == "conflict"
    assert refused(answer_task, task, {"approved": True}, BOB).code == "conflict"
    assert refused(reassign_task, task, "bob", "", BOB).code == "conflict"
    release_task(task, "on leave", ANN)
    claim_task(task, BOB)
    reassign_task(task, "ann", "she knows them", BOSS)
    assert only_task().assignee == "ann"
    assert list(TaskEntry.objects.order_by("id").values_list("action", "actor", "reason", "detail")) == [
        ("claimed", "user:ann", "", ""),
        ("released", "user:ann", "on leave", ""),
        ("claimed", "user:bob", "", ""),
        ("reassigned", "user:boss", "she knows them", "ann"),
    ]


def test_a_task_of_one_person_has_no_group_to_go_back_to(publish: Publish) -> None:
    begin(publish, draft=asking(group="", assignee="ann"))
    assert refused(release_task, only_task().pk, "", ANN).field == "assignee"


@pytest.mark.parametrize("value", [0, -1, 2**70, 10**6, True])
def test_a_task_that_is_not_there_is_refused(publish: Publish, value: int) -> None:
    begin(publish)
    assert refused(answer_task, value, {}, ANN).code == "unknown-task"


@pytest.mark.parametrize(
    "given",
    [
        {"group": "", "assignee": ""},
        {"assignee": "${context.who}"},
        {"due": "${context.when}"},
        {"form": "${context.fields}"},
        {"title": "a\nb"},
    ],
)
def test_an_input_that_makes_no_task_fails_like_any_other_activity(publish: Publish, given: dict[str, Any]) -> None:
    wrong: dict[str, JSON] = {"who": 7, "when": "soon", "fields": [{"name": "1x"}]}
    document = publish(draft=asking(onFailure={"policy": "escalate"}, **given))
    started = start(StartRequest(document.slug, "a", wrong))
    drain()
    run = ActivityRun.objects.get()
    assert (run.status, HumanTask.objects.count()) == ("pending", 0)
    assert perform(run.pk) == "failed"
    drain()
    assert ActivityRun.objects.get().last_error.startswith("InvalidInput: input.")
    assert Incident.objects.get(instance=started.instance).kind == "activity-failed"
    retry(started.instance, "perhaps now", "user:boss")
    drain()
    assert ActivityRun.objects.get().status == "pending", "there is still nothing to show"


def late(*tasks: HumanTask) -> None:
    passed = timezone.now() - timedelta(minutes=1)
    HumanTask.objects.filter(pk__in=[task.pk for task in tasks]).update(due=passed, judge_at=passed)


def open_kinds() -> list[tuple[str, str]]:
    return list(Incident.objects.filter(resolved_at=None).values_list("kind", "state"))


def test_a_late_task_opens_one_incident_that_its_answer_closes(publish: Publish) -> None:
    begin(publish, draft=asking(due="P1D", onDone=[]))
    assert recovery.judge_tasks() == 0
    late(only_task())
    assert [recovery.judge_tasks(), recovery.judge_tasks()] == [1, 0]
    assert open_kinds() == [("overdue", "draft")]
    assert "Review a" in Incident.objects.get().message
    answer_task(only_task().pk, {"approved": True}, ANN)
    drain()
    recovery.judge_tasks()
    assert (open_kinds(), Incident.objects.get().resolution) == ([], "answered")


def test_tasks_of_one_state_share_an_incident_until_the_last_is_answered(publish: Publish) -> None:
    two = {"invoke": [{**asking(due="P1D", onDone=[])["invoke"][0], "id": name} for name in ("one", "two")]}
    begin(publish, draft=two)
    first, second = HumanTask.objects.order_by("pk")
    late(first)
    recovery.judge_tasks()
    late(second)
    recovery.judge_tasks()
    answer_task(first.pk, {"approved": True}, ANN)
    recovery.judge_tasks()
    assert open_kinds() == [("overdue", "draft")]
    answer_task(second.pk, {"approved": True}, ANN)
    recovery.judge_tasks()
    assert (open_kinds(), Incident.objects.count()) == ([], 1)


def test_a_state_that_is_late_itself_stays_so_after_its_task_is_answered(publish: Publish) -> None:
    instance = begin(publish, draft=asking(due="P1D", onDone=[]))
    given = {"kind": "overdue", "state": "draft", "since": timezone.now()}
    Incident.objects.create(instance=instance, machine=instance.machine, version=instance.version, **given)
    late(only_task())
    recovery.judge_tasks()
    answer_task(only_task().pk, {"approved": True}, ANN)
    recovery.judge_tasks()
    assert open_kinds() == [("overdue", "draft")]


def test_a_rejected_task_that_is_retried_is_called_anew(publish: Publish) -> None:
    instance = begin(publish, draft=asking(due="P1D"))
    late(only_task())
    recovery.judge_tasks()
    reject_task(only_task().pk, "no", ANN)
    drain()
    recovery.judge_tasks()
    assert ("overdue", "draft") not in open_kinds()
    retry(instance.pk, "again", "user:boss")
    drain()
    assert recovery.judge_tasks() == 1
    assert open_kinds() == [("overdue", "draft")]


def test_a_retry_of_something_else_leaves_an_overdue_task_its_incident(publish: Publish) -> None:
    two = {"invoke": [{**asking(due="P1D", onDone=[])["invoke"][0], "id": name} for name in ("one", "two")]}
    two["invoke"][0]["onFailure"] = {"policy": "escalate"}
    instance = begin(publish, draft=two)
    rejected, task = HumanTask.objects.order_by("pk")
    late(task)
    recovery.judge_tasks()
    reject_task(rejected.pk, "no", ANN)
    drain()
    retry(instance.pk, "again", "user:boss")
    drain()
    recovery.judge_tasks()
    answer_task(task.pk, {"approved": True}, ANN)
    recovery.judge_tasks()
    assert (open_kinds(), Incident.objects.filter(kind="overdue").count()) == ([], 1)


def test_the_sweep_judges_late_tasks_and_looks_once_at_those_answered_in_time(publish: Publish) -> None:
    begin(publish, draft=asking(due="P1D"))
    answer_task(only_task().pk, {"approved": True}, ANN)
    late(only_task())
    sweep()
    assert (only_task().judge_at, open_kinds()) == (None, [])
    begin(publish, draft=asking(due="P1D"))
    late(HumanTask.objects.latest("pk"))
    sweep()
    assert open_kinds() == [("overdue", "draft")]


def test_a_task_with_a_moment_is_due_then(publish: Publish) -> None:
    begin(publish, draft=asking(due="2031-05-01T17:00:00+02:00"))
    due = only_task().due
    assert due is not None
    assert due.isoformat() == "2031-05-01T15:00:00+00:00"


def test_what_a_person_undoes_is_a_task_too(publish: Publish) -> None:
    undo = {"kind": "human", "title": "Take it back", "input": {"assignee": "ann"}}
    first = asking(onDone=[{"target": "review"}])
    first["invoke"][0]["compensate"] = undo
    back = {"entry": [{"type": "compensate"}], "on": [{"event": "done.compensate", "target": "done"}]}
    instance = begin(publish, draft=first, review=back)
    answer_task(only_task().pk, {"approved": True}, ANN)
    drain()
    task = HumanTask.objects.get(run__compensates__gt="")
    assert (task.title, task.run.status) == ("Take it back", "waiting")
    answer_task(task.pk, {}, ANN)
    drain()
    instance.refresh_from_db()
    assert instance.configuration == "done"
