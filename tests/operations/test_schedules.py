"""The pages of schedules: list, form with its live preview, pause, backfill with its count, delete."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from orchestrator.definitions.models import Machine
from orchestrator.runtime.models import Instance
from orchestrator.schedules import store
from orchestrator.schedules.models import Backfill, Schedule
from orchestrator.schedules.recurrence import Recurrence
from orchestrator.schedules.sweeping import sweep
from tests.browser import Enter
from tests.operations.cast import person, published, signed_in
from tests.schedules.cast import overdue, scheduled
from tests.support import needs_chromium

FORM = {
    "machine": "parcel",
    "name": "nightly",
    "kind": "cron",
    "rule": "30 2 * * *",
    "zone": "Europe/Berlin",
    "context": '{"stops": 3}',
    "catch_up": "one",
    "overlap": "allow",
}
HTMX = {"HX-Request": "true"}


def at(name: str, *arguments: object) -> str:
    return reverse(f"admin:operations_{name}", args=arguments)


@pytest.fixture
def schedule(machine: Machine) -> Schedule:
    return scheduled(machine)


def test_the_empty_list_says_what_a_schedule_is(client: Client, machine: Machine) -> None:
    page = client.get(at("schedules")).content.decode()
    assert "No schedule yet" in page
    assert "New schedule" in page


def test_a_schedule_is_made_by_its_form(client: Client, machine: Machine) -> None:
    answer = client.post(at("schedule_new"), {**FORM, "starts_at": "2031-03-30T02:30"})
    made = Schedule.objects.get()
    assert answer.headers["Location"] == at("schedule", made.pk)
    assert made.starts_at is not None
    assert made.starts_at.isoformat() == "2031-03-30T01:00:00+00:00", "the clock in Berlin leaves 02:30 out that night"
    assert (made.context, made.changed_by) == ('{"stops":3}', "user:root")
    page = client.get(at("schedule", made.pk)).content.decode()
    assert "At 02:30 every day" in page
    assert "Sun 30 Mar 2031 03:00 +02:00" in page


def test_the_list_has_the_next_time_and_the_last_outcome(client: Client, schedule: Schedule) -> None:
    overdue(schedule, 1)
    sweep()
    page = client.get(at("schedules")).content.decode()
    assert "Every 1 min" in page
    assert "Started" in page
    partial = client.get(at("schedules"), headers=HTMX)
    assert client.get(at("schedules"), headers={**HTMX, "If-None-Match": partial["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "never"}, "no cron rule"),
        ({"zone": "Mars"}, "no time zone"),
        ({"starts_at": "soon"}, "2026-03-01T09:00"),
        ({"starts_at": "2026-03-01T09:00+01:00"}, "Leave out the offset"),
        ({"starts_at": "9999-12-31T23:59"}, "between the years 2000 and 2200"),
        ({"context": "[1]"}, "must be a JSON object"),
        ({"context": '{"a": "${b}"}'}, "is not worked out here"),
        ({"name": "Über"}, "small letters"),
        ({"machine": "other"}, "Select a valid choice"),
        ({"overlap": "perhaps"}, "Select a valid choice"),
    ],
)
def test_a_wrong_field_says_the_mend_and_nothing_is_stored(
    client: Client, machine: Machine, change: dict[str, str], said: str
) -> None:
    answer = client.post(at("schedule_new"), {**FORM, **change})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Schedule.objects.count() == 0


def test_the_preview_shows_the_next_ten_times_or_the_mend(client: Client, machine: Machine) -> None:
    page = client.post(at("schedule_preview"), FORM, headers=HTMX).content.decode()
    assert page.count("<li>") == 10
    assert "At 02:30 every day" in page
    wrong = client.post(at("schedule_preview"), {**FORM, "rule": "61 * * * *"}, headers=HTMX).content.decode()
    assert "bad minute" in wrong
    assert "<li>" not in wrong


def test_a_schedule_is_changed_and_keeps_its_name(client: Client, schedule: Schedule) -> None:
    page = client.get(at("schedule_edit", schedule.pk)).content.decode()
    assert "PT1M" in page
    assert 'name="machine"' not in page
    client.post(at("schedule_edit", schedule.pk), {**FORM, "name": "other"})
    schedule.refresh_from_db()
    assert (schedule.name, schedule.rule, schedule.zone) == ("nightly", "30 2 * * *", "Europe/Berlin")


def test_a_pause_and_a_resume_are_told(client: Client, schedule: Schedule) -> None:
    page = client.post(at("schedule_pause", schedule.pk), follow=True).content.decode()
    assert "Resume the schedule" in page
    assert "None while it is paused" in page
    page = client.post(at("schedule_resume", schedule.pk), follow=True).content.decode()
    assert "Pause the schedule" in page
    schedule.refresh_from_db()
    assert schedule.paused is False


def test_a_backfill_is_counted_confirmed_and_shows_its_progress(client: Client, machine: Machine) -> None:
    schedule = scheduled(machine, recurrence=Recurrence("cron", "0 * * * *"))
    last = store.now().replace(minute=0) - timedelta(hours=1)
    wish = {"from_at": f"{last - timedelta(hours=3):%Y-%m-%dT%H:%M}", "to_at": f"{last:%Y-%m-%dT%H:%M}"}
    page = client.post(at("schedule_backfill", schedule.pk), wish, headers=HTMX).content.decode()
    assert "Start 4 instances" in page
    assert Backfill.objects.count() == 0
    client.post(at("schedule_backfill", schedule.pk), {**wish, "confirm": "1"})
    sweep()
    page = client.get(at("schedule", schedule.pk)).content.decode()
    assert "4 of 4 done: 4 started" in page
    assert Instance.objects.count() == 4


def test_a_backfill_of_the_future_is_refused(client: Client, schedule: Schedule) -> None:
    wish = {"from_at": "2031-01-01T00:00", "to_at": "2031-01-02T00:00", "confirm": "1"}
    answer = client.post(at("schedule_backfill", schedule.pk), wish)
    assert answer.status_code == 422
    assert "for the past" in answer.content.decode()
    assert Backfill.objects.count() == 0


def test_a_schedule_is_deleted_after_its_dialog(client: Client, schedule: Schedule) -> None:
    assert "its instances stay" in client.get(at("schedule_delete", schedule.pk), headers=HTMX).content.decode()
    answer = client.post(at("schedule_delete", schedule.pk), headers=HTMX)
    assert answer.headers["HX-Redirect"] == at("schedules")
    assert Schedule.objects.count() == 0


def test_a_form_offers_only_machines_that_one_may_change(root: User, machine: Machine) -> None:
    clerk = person("clerk", staff=True, permissions=("view_machine",))
    published(clerk, "mine", {**machine.draft, "id": "mine", "title": "Mine"})
    client = signed_in(clerk)
    page = client.get(at("schedule_new")).content.decode()
    assert 'value="mine"' in page
    assert 'value="parcel"' not in page
    assert client.post(at("schedule_new"), FORM).status_code == 422


def test_words_of_users_are_escaped(client: Client, machine: Machine) -> None:
    scheduled(machine, context={"a": "<script>alert(1)</script>"})
    page = client.get(at("schedule", Schedule.objects.get().pk)).content.decode()
    assert "<script>alert(1)" not in page


@needs_chromium
def test_the_preview_follows_the_typing_in_the_browser(enter: Enter, transactional_db: None) -> None:
    admin = User.objects.create_superuser("ada", password="pw")
    published(admin)
    page = enter(admin)
    page.goto(at("schedule_new"))
    page.get_by_label("Name").fill("weekly")
    page.get_by_label("Rule", exact=True).fill("0 9 * * MON")
    shown: Any = page.locator("#schedule-preview li")
    expect(shown).to_have_count(10)
    expect(shown.first).to_contain_text("Mon ")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="weekly").wait_for()
    page.get_by_role("link", name="Backfill").click()
    page.get_by_role("dialog").get_by_label("From").fill("2026-01-01T00:00")
    page.get_by_role("dialog").get_by_label("To").fill("2026-01-31T00:00")
    page.get_by_role("button", name="Count the times").click()
    page.get_by_role("button", name="Start 4 instances").click()
    page.get_by_text("0 of 4 done").wait_for()
