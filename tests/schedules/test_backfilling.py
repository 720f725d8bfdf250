"""A past range: counted first, fired once, in portions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.definitions.models import Machine
from orchestrator.runtime.commands import CommandError
from orchestrator.runtime.models import Instance
from orchestrator.schedules import backfilling, commands, store
from orchestrator.schedules.commands import BackfillPlan
from orchestrator.schedules.models import Backfill, Schedule
from orchestrator.schedules.sweeping import sweep
from tests.schedules.cast import MINUTE, outcomes, overdue, past, scheduled


def test_the_plan_counts_and_stores_nothing(machine: Machine) -> None:
    schedule = scheduled(machine)
    assert commands.plan_backfill(schedule, *past(schedule, 5)) == BackfillPlan(5, 0)
    assert Backfill.objects.count() == 0


def test_each_time_of_the_range_is_fired_once_in_portions(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "MOST_STARTS", 4)
    schedule = scheduled(machine, overlap="skip")
    made = commands.backfill(schedule.pk, *past(schedule, 10), "user:ada")
    counts = []
    while sweep():
        made.refresh_from_db()
        counts.append((made.done, made.finished_at is not None))
    assert counts == [(4, False), (8, False), (10, True)]
    assert (made.started, made.existing, made.refused, made.total) == (10, 0, 0, 10)
    assert Instance.objects.count() == 10


def test_a_range_whose_count_is_whole_portions_ends_too(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfilling, "MOST_STARTS", 5)
    schedule = scheduled(machine)
    made = commands.backfill(schedule.pk, *past(schedule, 10), "user:ada")
    while sweep():
        pass
    made.refresh_from_db()
    assert made.finished_at is not None
    assert made.started == 10


def test_a_second_backfill_finds_all_of_it_existing(machine: Machine) -> None:
    schedule = scheduled(machine)
    first, last = past(schedule, 3)
    commands.backfill(schedule.pk, first, last, "user:ada")
    sweep()
    assert commands.plan_backfill(schedule, first, last) == BackfillPlan(3, 3)
    again = commands.backfill(schedule.pk, first, last, "user:ada")
    sweep()
    again.refresh_from_db()
    assert (again.started, again.existing) == (0, 3)
    assert Instance.objects.count() == 3


def test_what_was_missed_is_filled_in_and_what_was_started_is_not(machine: Machine) -> None:
    schedule = scheduled(machine, catch_up="one")
    due = overdue(schedule, 3)
    sweep()
    assert outcomes(schedule) == ["missed", "started"]
    made = commands.backfill(schedule.pk, due[0], due[-1], "user:ada")
    sweep()
    made.refresh_from_db()
    assert (made.started, made.existing) == (2, 1)
    assert outcomes(schedule) == ["started", "started", "started"]


def test_a_backfill_goes_on_while_the_schedule_is_paused_and_does_not_count_as_running(machine: Machine) -> None:
    schedule = scheduled(machine, overlap="skip")
    commands.pause(schedule.pk, "user:ada")
    commands.backfill(schedule.pk, *past(schedule, 2), "user:ada")
    sweep()
    assert Instance.objects.count() == 2
    Schedule.objects.update(paused=False)
    overdue(schedule, 1)
    sweep()
    assert outcomes(schedule)[-1] == "started"


def test_the_same_range_asked_twice_is_one_backfill_and_another_is_refused(machine: Machine) -> None:
    schedule = scheduled(machine)
    first, last = past(schedule, 3)
    made = commands.backfill(schedule.pk, first, last, "user:ada")
    assert commands.backfill(schedule.pk, first, last, "user:bob").pk == made.pk
    with pytest.raises(CommandError) as refused:
        commands.backfill(schedule.pk, first - MINUTE, last, "user:bob")
    assert refused.value.code == "conflict"


def test_refused_starts_are_counted(machine: Machine) -> None:
    schedule = scheduled(machine)
    Machine.objects.update(current=None)
    made = commands.backfill(schedule.pk, *past(schedule, 2), "user:ada")
    sweep()
    made.refresh_from_db()
    assert made.refused == 2
    assert made.finished_at is not None


def test_a_wrong_range_names_the_mend(machine: Machine) -> None:
    schedule = scheduled(machine)
    first, last = past(schedule, 3)
    for begin, end, words in (
        (last, first, "ends before it begins"),
        (first, store.now() + MINUTE, "for the past"),
        (first - timedelta(days=15), last, "more than 10,000 times"),
    ):
        with pytest.raises(CommandError, match=words):
            commands.backfill(schedule.pk, begin, end, "user:ada")
    assert Backfill.objects.count() == 0


def test_a_backfill_whose_zone_is_gone_ends_with_what_it_has_done(machine: Machine) -> None:
    schedule = scheduled(machine)
    made = commands.backfill(schedule.pk, *past(schedule, 2), "user:ada")
    Schedule.objects.update(zone="Europe/Atlantis")
    sweep()
    made.refresh_from_db()
    assert made.finished_at is not None
    assert (made.done, made.total) == (0, 2)
