"""What a sweep makes of due times: starts, catch-up, overlap; once, whoever sweeps and however often."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import InboxEvent, Instance
from orchestrator.schedules import commands, firing, store, sweeping
from orchestrator.schedules.models import Firing, Schedule
from orchestrator.schedules.recurrence import Recurrence
from orchestrator.schedules.sweeping import sweep
from tests.schedules.cast import MINUTE, finish, outcomes, overdue, scheduled


def keys() -> list[str]:
    return list(Instance.objects.order_by("id").values_list("key", flat=True))


def test_a_due_time_starts_one_instance_that_knows_it(machine: Machine) -> None:
    schedule = scheduled(machine, context={"rows": 7})
    due = overdue(schedule, 1)
    sweep()
    drain()
    instance = Instance.objects.get()
    assert instance.key == f"nightly/{firing.stamp(due[0])}"
    assert json.loads(instance.snapshot)["context"] == {"rows": 7, "scheduledFor": firing.stamp(due[0])}
    assert instance.journal.get(seq=1).actor == "schedule:nightly"
    made = Firing.objects.get()
    assert (made.due, made.outcome, made.instance_id) == (due[0], "started", instance.pk)
    schedule.refresh_from_db()
    assert schedule.next_at == due[0] + MINUTE


def test_a_second_sweep_starts_nothing_more(machine: Machine) -> None:
    overdue(scheduled(machine), 1)
    sweep()
    assert sweep() == 0
    assert Instance.objects.count() == 1


def test_a_time_that_is_claimed_again_is_the_same_instance(machine: Machine) -> None:
    schedule = scheduled(machine)
    due = overdue(schedule, 1)
    sweep()
    Schedule.objects.update(next_at=due[0])
    sweep()
    Firing.objects.all().delete()
    Schedule.objects.update(next_at=due[0])
    sweep()
    assert Instance.objects.count() == 1
    assert outcomes(schedule) == ["existing"]


@pytest.mark.django_db(transaction=True)
def test_three_beats_at_once_double_nothing(machine: Machine) -> None:
    for number in range(6):
        overdue(scheduled(machine, f"s{number}", catch_up="all"), 4)
    at_once = Barrier(3)

    def beat(_: int) -> None:
        try:
            at_once.wait()
            sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(beat, range(3)))
    sweep()  # what one beat had locked when another looked
    assert Instance.objects.count() == InboxEvent.objects.count() == 24
    assert set(Firing.objects.values_list("outcome", flat=True)) == {"started"}


def test_ten_minutes_without_beat_lose_nothing_when_all_is_caught_up(machine: Machine) -> None:
    schedule = scheduled(machine, catch_up="all")
    due = overdue(schedule, 10)
    sweep()
    assert list(schedule.firings.order_by("due").values_list("due", flat=True)) == due
    assert outcomes(schedule) == ["started"] * 10


def test_catching_up_all_goes_on_in_portions(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firing, "MOST_STARTS", 3)
    schedule = scheduled(machine, catch_up="all")
    overdue(schedule, 7)
    counts = []
    while sweep():
        counts.append(Instance.objects.count())
    assert counts == [3, 6, 7]


def test_catching_up_one_starts_the_latest_and_tells_of_the_rest(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "MOST_PASSED", 4)
    schedule = scheduled(machine, catch_up="one")
    due = overdue(schedule, 10)
    while sweep():
        pass
    assert keys() == [f"nightly/{firing.stamp(due[-1])}"]
    assert outcomes(schedule) == ["missed", "missed", "missed", "started"]
    assert schedule.firings.order_by("due").values_list("message", flat=True)[0].startswith("4 times were missed")


def test_catching_up_none_starts_only_what_is_on_time(machine: Machine) -> None:
    schedule = scheduled(machine, catch_up="skip")
    due = overdue(schedule, 10)
    sweep()
    assert keys() == [f"nightly/{firing.stamp(due[-1])}"]
    assert outcomes(schedule) == ["missed", "started"]


def test_overlap_allow_starts_beside_a_running_instance(machine: Machine) -> None:
    schedule = scheduled(machine, catch_up="all")
    overdue(schedule, 2)
    sweep()
    assert Instance.objects.filter(status="running").count() == 2


def test_overlap_skip_starts_nothing_until_the_running_instance_has_ended(machine: Machine) -> None:
    schedule = scheduled(machine, overlap="skip", catch_up="all")
    due = overdue(schedule, 3)
    sweep()
    assert outcomes(schedule) == ["started", "skipped", "skipped"]
    finish(Instance.objects.get().pk)
    Schedule.objects.update(next_at=due[1])
    sweep()
    assert outcomes(schedule) == ["started", "started", "skipped"]


def test_overlap_cancel_old_cancels_and_starts(machine: Machine) -> None:
    schedule = scheduled(machine, overlap="cancel-old")
    due = overdue(schedule, 2)
    Schedule.objects.update(next_at=due[0], catch_up="all")
    sweep()
    assert outcomes(schedule) == ["skipped", "started"]
    old = Instance.objects.get()
    Firing.objects.filter(outcome="skipped").delete()
    Schedule.objects.update(next_at=due[0])
    sweep()
    drain()
    old.refresh_from_db()
    assert old.status == "cancelled"
    assert Instance.objects.filter(status="running").count() == 1
    assert old.journal.get(name="cancel").actor == "schedule:nightly"


def test_overlap_queue_one_starts_one_more_after_the_end(machine: Machine) -> None:
    schedule = scheduled(machine, overlap="queue-one", catch_up="all")
    due = overdue(schedule, 4)
    sweep()
    assert outcomes(schedule) == ["started", "queued", "skipped", "skipped"]
    sweep()
    assert Instance.objects.count() == 1
    finish(Instance.objects.get().pk)
    sweep()
    assert outcomes(schedule) == ["started", "started", "skipped", "skipped"]
    assert keys()[1] == f"nightly/{firing.stamp(due[1])}"
    schedule.refresh_from_db()
    assert schedule.queued_for is None


def test_a_paused_schedule_starts_nothing_and_resumes_with_the_next_time(machine: Machine) -> None:
    schedule = scheduled(machine, catch_up="all")
    commands.pause(schedule.pk, "user:ada")
    overdue(schedule, 3)
    sweep()
    assert Instance.objects.count() == 0
    now = store.now()
    resumed = commands.resume(schedule.pk, "user:ada")
    assert resumed.next_at is not None
    assert now < resumed.next_at <= now + 2 * MINUTE
    sweep()
    assert outcomes(schedule) == []


def test_a_machine_without_a_version_is_told_in_the_history(machine: Machine) -> None:
    schedule = scheduled(machine)
    Machine.objects.update(current=None)
    overdue(schedule, 1)
    sweep()
    made = schedule.firings.get()
    assert made.outcome == "refused"
    assert "publish it" in made.message


def test_a_zone_that_is_gone_ends_the_schedule_with_a_word(machine: Machine) -> None:
    schedule = scheduled(machine)
    overdue(schedule, 1)
    Schedule.objects.update(zone="Europe/Atlantis")
    sweep()
    assert "no time zone" in schedule.firings.get(outcome="refused").message
    schedule.refresh_from_db()
    assert schedule.next_at is None


def test_a_rule_that_has_ended_has_no_next_time(machine: Machine) -> None:
    begin = store.now().replace(microsecond=0) + MINUTE
    once = Recurrence("calendar", "FREQ=DAILY;COUNT=1", "UTC", begin)
    schedule = scheduled(machine, recurrence=once)
    Schedule.objects.update(starts_at=begin - 2 * MINUTE, next_at=begin - 2 * MINUTE)
    sweep()
    schedule.refresh_from_db()
    assert schedule.next_at is None
    assert outcomes(schedule) == ["started"]


def test_one_broken_schedule_holds_up_no_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = scheduled(machine, "bad"), scheduled(machine, "good")
    overdue(bad, 2)
    overdue(good, 1)
    real = firing.fire

    def fire(schedule: Schedule, now: object) -> None:
        if schedule.name == "bad":
            raise RuntimeError("disk full")
        real(schedule, store.now())

    monkeypatch.setattr(sweeping, "fire", fire)
    sweep()
    assert outcomes(good) == ["started"]
    assert outcomes(bad) == []
    assert "could not be fired" in caplog.text


def test_a_start_that_cannot_be_stored_leaves_the_time_due(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = scheduled(machine)
    due = overdue(schedule, 1)

    def save(*_: object, **__: object) -> None:
        raise RuntimeError("killed before the commit")

    with monkeypatch.context() as patch:
        patch.setattr(Schedule, "save", save)
        sweep()
    assert (Instance.objects.count(), InboxEvent.objects.count(), Firing.objects.count()) == (0, 0, 0)
    sweep()
    assert Firing.objects.get().due == due[0]


def test_the_history_is_forgotten_after_its_time(machine: Machine) -> None:
    schedule = scheduled(machine)
    overdue(schedule, 1)
    sweep()
    Firing.objects.update(fired_at=store.now() - timedelta(days=sweeping.KEPT_DAYS + 1))
    sweep()
    assert outcomes(schedule) == []
    assert Instance.objects.count() == 1
