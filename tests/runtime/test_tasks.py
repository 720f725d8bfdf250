from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from orchestrator.runtime import queries
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, start
from orchestrator.runtime.heartbeat import WorkerHeartbeat, worker_name
from orchestrator.runtime.models import SHARDS, ActivityRun, Heartbeat, InboxEvent, Timer
from orchestrator.runtime.recovery import enqueue_activities
from orchestrator.runtime.tasks import drain as drain_task
from orchestrator.runtime.tasks import sweep
from orchestrator.runtime.timers import enqueue_due
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_hint_drains_its_shards_and_may_come_twice(publish: Publish) -> None:
    instance = start(StartRequest(publish().slug, "a")).instance
    drain_task.run([(instance + 1) % SHARDS])
    assert InboxEvent.objects.count() == 1
    drain_task.run([instance % SHARDS])
    drain_task.run([instance % SHARDS])
    assert InboxEvent.objects.count() == 0


def test_a_sweep_finds_what_no_hint_was_sent_for_and_runs_none_of_it(publish: Publish) -> None:
    machine = publish(draft={"after": [{"delay": "PT1H", "target": "review"}]})
    start(StartRequest(machine.slug, "a"))
    assert enqueue_due() == 1
    drain()
    assert enqueue_due() == 0
    Timer.objects.update(due=F("due") - timedelta(hours=2), wake=F("wake") - timedelta(hours=2))
    assert enqueue_due() == 1
    assert Timer.objects.count() == 1


def test_a_sweep_hints_at_activities_whose_time_has_come(publish: Publish) -> None:
    invoke = {"id": "x", "kind": "python", "input": {"callable": "tests.none"}}
    start(StartRequest(publish(draft={"invoke": [invoke]}).slug, "a"))
    drain()
    assert enqueue_activities() == 1
    ActivityRun.objects.update(due=F("due") + timedelta(hours=1))
    assert enqueue_activities() == 0


def test_the_sweep_is_the_sign_of_life_of_beat() -> None:
    assert queries.health().beat_age is None
    sweep.run()
    age = queries.health().beat_age
    assert age is not None
    assert age < 5


def test_a_worker_signs_on_and_off_on_its_own_connection() -> None:
    heartbeat = WorkerHeartbeat()
    heartbeat.start()
    assert heartbeat.first.wait(10)
    assert queries.health().workers == 1
    heartbeat.stop()
    assert not Heartbeat.objects.filter(name=worker_name()).exists()


def test_a_worker_that_fell_silent_is_not_counted() -> None:
    Heartbeat.objects.create(name="gone", kind="worker")
    Heartbeat.objects.update(seen_at=F("seen_at") - timedelta(minutes=5))
    health = queries.health()
    assert (health.workers, health.worker_age is not None and health.worker_age > 200) == (0, True)
