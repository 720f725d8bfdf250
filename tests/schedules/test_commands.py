"""Making and changing schedules: bounds, refusals, and what a change does to the next time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.definitions.models import Machine
from orchestrator.runtime.commands import CommandError
from orchestrator.runtime.models import Instance
from orchestrator.schedules import commands, store
from orchestrator.schedules.commands import Draft
from orchestrator.schedules.models import Schedule
from orchestrator.schedules.recurrence import Recurrence
from orchestrator.schedules.sweeping import sweep
from tests.schedules.cast import MINUTE, overdue, scheduled

DAILY = Recurrence("cron", "0 3 * * *", "Europe/Berlin")


def test_a_new_schedule_has_its_next_time(machine: Machine) -> None:
    schedule = scheduled(machine, recurrence=DAILY)
    assert schedule.next_at == next(DAILY.after(store.now()))
    assert schedule.changed_by == "user:ada"


@pytest.mark.parametrize("name", ["", "Nightly", "-a", "a-", "a b", "a/b", "x" * 81, "nächtlich"])
def test_a_wrong_name_is_refused(machine: Machine, name: str) -> None:
    with pytest.raises(CommandError) as refused:
        commands.create(machine, name, Draft(DAILY), "user:ada")
    assert (refused.value.code, refused.value.field) == ("invalid", "name")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"recurrence": Recurrence("cron", "no")}, "rule"),
        ({"recurrence": Recurrence("cron", "0 3 * * *", "Mars")}, "zone"),
        ({"catch_up": "some"}, "catchUp"),
        ({"overlap": "perhaps"}, "overlap"),
        ({"context": {"a": "${event.x}"}}, "context"),
        ({"context": {"a": "x" * 300_000}}, "context"),
    ],
)
def test_a_wrong_value_names_its_field_and_nothing_is_stored(
    machine: Machine, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(CommandError) as refused:
        scheduled(machine, **values)
    assert refused.value.field == field
    assert Schedule.objects.count() == 0


def test_two_schedules_of_a_machine_have_two_names(machine: Machine) -> None:
    scheduled(machine)
    with pytest.raises(CommandError) as refused:
        scheduled(machine)
    assert refused.value.code == "conflict"


def test_a_machine_has_a_bounded_number_of_schedules(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_SCHEDULES", 1)
    scheduled(machine)
    with pytest.raises(CommandError) as refused:
        scheduled(machine, "second")
    assert refused.value.code == "too-large"


def test_a_changed_rule_counts_from_now_and_other_changes_leave_the_next_time(machine: Machine) -> None:
    schedule = scheduled(machine, recurrence=DAILY)
    due = overdue(schedule, 3)[0]
    kept = commands.change(schedule.pk, Draft(DAILY, {"a": 1}, "all", "skip"), "user:bob")
    assert (kept.next_at, kept.catch_up, kept.overlap) == (due, "all", "skip")
    assert commands.context_of(kept) == {"a": 1}
    now = store.now()
    changed = commands.change(schedule.pk, Draft(Recurrence("interval", "PT1M")), "user:bob")
    assert changed.next_at is not None
    assert now < changed.next_at <= now + 2 * MINUTE


def test_a_rule_is_not_changed_under_a_running_backfill(machine: Machine) -> None:
    schedule = scheduled(machine)
    last = store.now()
    commands.backfill(schedule.pk, last - 3 * MINUTE, last, "user:ada")
    with pytest.raises(CommandError) as refused:
        commands.change(schedule.pk, Draft(DAILY), "user:ada")
    assert refused.value.code == "conflict"
    schedule.refresh_from_db()
    assert schedule.rule == "PT1M"


def test_a_start_with_parts_of_a_second_is_taken_without_them(machine: Machine) -> None:
    start = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    schedule = scheduled(machine, recurrence=Recurrence("interval", "PT10S", "UTC", start))
    assert schedule.next_at is not None
    assert schedule.next_at.microsecond == 0


def test_a_deleted_schedule_leaves_its_instances(machine: Machine) -> None:
    schedule = scheduled(machine)
    overdue(schedule, 1)
    sweep()
    commands.remove(schedule.pk)
    assert Schedule.objects.count() == 0
    assert Instance.objects.count() == 1


def test_what_was_deleted_meanwhile_is_told(machine: Machine) -> None:
    schedule = scheduled(machine)
    commands.remove(schedule.pk)
    with pytest.raises(CommandError, match="deleted in the meantime"):
        commands.pause(schedule.pk, "user:ada")
