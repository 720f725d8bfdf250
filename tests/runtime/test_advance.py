from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime import advance, store
from orchestrator.runtime.advance import apply_batch, drain
from orchestrator.runtime.commands import EventRequest, StartRequest, cancel, retry, send, send_many, start, start_many
from orchestrator.runtime.models import SHARDS, InboxEvent, Incident, Instance, JournalEntry, Timer
from orchestrator.runtime.plan import Planner
from orchestrator.runtime.store import shard_of
from orchestrator.runtime.verify import problems
from orchestrator.statechart.definition import Chart
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db
EARLY = """INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, source, actor, data)
VALUES (%s, %s, 'event', 'submit', '', '', '{}')"""
PAST = datetime(2012, 3, 1, tzinfo=UTC)


def configuration(instance: int) -> str:
    return Instance.objects.get(pk=instance).configuration


def pass_time(**delta: float) -> None:
    """Move every stored timer into the past, as if that much time had gone by."""
    Timer.objects.update(due=F("due") - timedelta(**delta), wake=F("wake") - timedelta(**delta))


@pytest.mark.django_db(transaction=True)
def test_concurrent_drains_apply_every_event_exactly_once(publish: Publish) -> None:
    machine = publish()
    start_many([StartRequest(machine.slug, f"k{n}") for n in range(60)])
    names = ["submit", "return", "note", "submit", "approve"]
    send_many([EventRequest(name, machine=machine.slug, key=f"k{n}") for name in names for n in range(60)])
    failures: list[BaseException] = []

    def work(shards: list[int]) -> None:
        try:
            while InboxEvent.objects.exists():
                apply_batch(shards, 7)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    shards = list(range(SHARDS))
    threads = [
        threading.Thread(target=work, args=(order,)) for order in (shards, shards[::-1], shards[32:] + shards[:32])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert JournalEntry.objects.filter(outcome="applied").count() == 60 * 6
    assert set(Instance.objects.values_list("configuration", "seq")) == {("done", 6)}
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_what_was_numbered_early_and_committed_late_is_applied_by_the_same_drain(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = publish()
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    looks: list[Sequence[int]] = []
    waiting, slow = advance._waiting, connection.copy()
    slow.set_autocommit(False)
    with slow.cursor() as cursor:
        cursor.execute(EARLY, (instance, shard_of(instance)))
    send(EventRequest("note", instance=instance))

    def look(shards: Sequence[int]) -> list[int]:
        looks.append(shards)
        if len(looks) == 2:
            slow.commit()
            slow.close()
        return waiting(shards)

    monkeypatch.setattr(advance, "_waiting", look)
    assert drain(budget=10) == 2
    assert len(looks) == 3
    assert configuration(instance) == "review"


def apply_while_another_writes(instance: int) -> None:
    with store.batch() as cursor:
        claim = store.claim(cursor, range(SHARDS), SHARDS, {})
        writes = Planner(store.load(cursor, [instance]), chart_of).run(claim.inputs)
        cursor.execute("UPDATE runtime_instance SET seq = seq + 1 WHERE id = %s", (instance,))
        store.save(cursor, writes.instances, writes.journal)


def test_a_writer_with_an_old_fence_changes_nothing(publish: Publish) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    drain()
    send(EventRequest("submit", instance=instance))
    with pytest.raises(store.Fenced):
        apply_while_another_writes(instance)
    assert (configuration(instance), InboxEvent.objects.count()) == ("draft", 1)
    assert JournalEntry.objects.count() == 1


def test_an_input_that_the_core_chokes_on_is_set_aside_and_the_rest_goes_on(publish: Publish) -> None:
    machine = publish()
    start_many([StartRequest(machine.slug, "bad"), StartRequest(machine.slug, "good")])
    drain()
    Instance.objects.filter(key="bad").update(snapshot="damaged")
    send_many([EventRequest("submit", machine=machine.slug, key=key) for key in ("bad", "good")])
    drain()
    assert JournalEntry.objects.get(instance__key="bad", name="submit").outcome == "error"
    assert Incident.objects.get(resolved_at=None).kind == "poison"
    assert configuration(Instance.objects.get(key="good").pk) == "review"


@pytest.mark.parametrize(
    ("refused", "batches"),
    [
        pytest.param("journalentry ADD CHECK (source <> 'broken' OR outcome = 'error')", 1, id="named"),
        pytest.param("instance ADD CHECK (key <> 'k4' OR configuration = 'draft')", 10, id="found by halving"),
    ],
)
def test_an_input_that_postgresql_refuses_is_found_and_set_aside(
    publish: Publish, refused: str, batches: int, caplog: pytest.LogCaptureFixture
) -> None:
    machine = publish()
    start_many([StartRequest(machine.slug, f"k{n}") for n in range(9)])
    drain()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE runtime_{refused}")
    send_many(
        [EventRequest("submit", machine=machine.slug, key=f"k{n}", source="broken" if n == 4 else "") for n in range(9)]
    )
    drain()
    assert not InboxEvent.objects.exists()
    assert Instance.objects.filter(configuration="review").count() == 8
    incident = Incident.objects.get(resolved_at=None)
    assert (incident.kind, incident.instance.key) == ("poison", "k4")
    assert caplog.text.count("refused") <= batches


def test_a_loop_becomes_an_incident_and_the_instance_keeps_its_state(publish: Publish) -> None:
    machine = publish(
        draft={"on": [{"event": "spin", "target": "here"}]},
        here={"always": [{"target": "there"}]},
        there={"always": [{"target": "here"}]},
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    send(EventRequest("spin", instance=instance))
    drain()
    assert configuration(instance) == "draft"
    assert JournalEntry.objects.get(name="spin").outcome == "error"
    assert Incident.objects.get().kind == "loop"


def test_a_due_timer_moves_the_instance_and_is_gone(publish: Publish) -> None:
    machine = publish(draft={"after": [{"delay": "PT1H", "target": "review"}]})
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    assert (drain(), configuration(instance)) == (0, "draft")
    pass_time(hours=2)
    drain()
    assert configuration(instance) == "review"
    assert JournalEntry.objects.get(kind="timer").outcome == "applied"
    assert not Timer.objects.exists()
    assert list(problems()) == []


def test_a_timer_of_a_state_that_was_left_never_fires(publish: Publish) -> None:
    machine = publish(
        draft={
            "on": [{"event": "submit", "target": "review"}],
            "after": [{"delay": "PT1H", "target": "done"}],
        }
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    send_many([EventRequest(name, instance=instance) for name in ("submit", "return")])
    drain()
    pass_time(minutes=30)
    drain()
    assert configuration(instance) == "draft", "re-entry began a new hour"
    assert Timer.objects.get().due > timezone.now() + timedelta(minutes=20)


def test_a_passed_deadline_becomes_an_incident_which_moving_on_resolves(publish: Publish) -> None:
    machine = publish(draft={"expectedWithin": "PT1H", "on": [{"event": "submit", "target": "review"}]})
    instance = start(StartRequest(machine.slug, "a", occurred_at=timezone.now() - timedelta(minutes=10))).instance
    drain()
    entered = Instance.objects.get(pk=instance).updated_at
    drain()
    assert not Incident.objects.exists()
    pass_time(hours=1)
    drain()
    incident = Incident.objects.get()
    assert (incident.kind, incident.state, incident.since, incident.resolved_at) == ("overdue", "draft", entered, None)
    send(EventRequest("submit", instance=instance))
    drain()
    incident.refresh_from_db()
    assert incident.resolution == "moved on"
    assert incident.resolved_at is not None


def test_a_deadline_of_long_past_is_judged_only_after_it_has_settled(publish: Publish, settings: Settings) -> None:
    settings.STALL_SETTLE = 30.0
    machine = publish(draft={"expectedWithin": "P2D", "on": [{"event": "submit", "target": "review"}]})
    for key in ("moved", "stuck"):
        start(StartRequest(machine.slug, key, occurred_at=PAST))
    drain()
    assert not Incident.objects.exists()
    send(EventRequest("submit", machine=machine.slug, key="moved", occurred_at=PAST + timedelta(days=9)))
    pass_time(seconds=31)
    drain()
    assert [(i.instance.key, i.since) for i in Incident.objects.filter(resolved_at=None)] == [("stuck", PAST)]


def test_a_start_that_loops_leaves_a_failed_instance_which_can_be_cancelled(publish: Publish) -> None:
    machine = publish(draft={"always": [{"target": "there"}]}, there={"always": [{"target": "draft"}]})
    instance = start(StartRequest(machine.slug, "bad", {"n": 1})).instance
    drain()
    assert Instance.objects.get(pk=instance).status == "failed"
    retry(instance, "once more", "user:ann")
    drain()
    assert Incident.objects.get(resolved_at=None).kind == "loop"
    cancel(instance, "hopeless", "user:ann")
    drain()
    assert Instance.objects.get(pk=instance).status == "cancelled"
    assert not Incident.objects.filter(resolved_at=None).exists()


def test_an_instance_that_ended_waits_for_nothing(publish: Publish) -> None:
    sending = [{"type": "send", "event": "nag", "delay": "PT1H", "id": "nag"}]
    machine = publish(draft={"entry": sending, "on": [{"event": "submit", "target": "done"}]})
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    assert Timer.objects.get().event == "nag"
    send(EventRequest("submit", instance=instance))
    drain()
    assert not Timer.objects.exists()


def test_an_answer_in_time_never_loses_to_its_timeout(publish: Publish) -> None:
    machine = publish(
        draft={"on": [{"event": "submit", "target": "review"}], "after": [{"delay": "PT1H", "target": "done"}]}
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    send(EventRequest("submit", instance=instance))
    earlier = timezone.now() - timedelta(seconds=2)
    InboxEvent.objects.update(received_at=earlier, occurred_at=earlier)
    Timer.objects.update(due=timezone.now() - timedelta(seconds=1), wake=timezone.now() - timedelta(seconds=1))
    drain()
    assert configuration(instance) == "review"


def test_a_timeout_that_fell_due_first_comes_first(publish: Publish) -> None:
    machine = publish(
        draft={"on": [{"event": "submit", "target": "review"}], "after": [{"delay": "PT1H", "target": "done"}]}
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    Timer.objects.update(due=timezone.now() - timedelta(seconds=1), wake=timezone.now() - timedelta(seconds=1))
    send(EventRequest("submit", instance=instance))
    drain()
    assert configuration(instance) == "done"


def test_a_timer_waits_while_older_events_of_a_long_queue_do(publish: Publish) -> None:
    machine = publish(draft={"after": [{"delay": "PT1H", "target": "done"}], "on": [{"event": "note"}]})
    instance = start(StartRequest(machine.slug, "a")).instance
    drain()
    send_many([EventRequest("note", instance=instance) for _ in range(6)])
    earlier = timezone.now() - timedelta(seconds=2)
    InboxEvent.objects.update(received_at=earlier, occurred_at=earlier)
    Timer.objects.update(due=timezone.now() - timedelta(seconds=1), wake=timezone.now() - timedelta(seconds=1))
    apply_batch([shard_of(instance)], limit=3)
    assert configuration(instance) == "draft"
    drain()
    names = JournalEntry.objects.filter(instance=instance).order_by("seq").values_list("name", flat=True)
    assert list(names) == ["start", *["note"] * 6, "after.draft/after/0"]


def test_a_time_limit_in_the_middle_of_a_batch_sets_no_event_aside(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance

    def interrupted(version: int, part: str) -> Chart:
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.runtime.advance.chart_of", interrupted)
        with pytest.raises(SoftTimeLimitExceeded):
            drain()
    drain()
    assert configuration(instance) == "draft"
    assert JournalEntry.objects.get().outcome == "applied"
