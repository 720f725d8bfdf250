"""The design page in a real browser: drawing a machine by forms, and that nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from designer.models import DraftRevision
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from tests.browser import Enter
from tests.designer.conftest import DRAFT
from tests.drawing import add_state, saved, select
from tests.support import needs_chromium

pytestmark = needs_chromium


@pytest.fixture
def mira(transactional_db: None) -> User:
    return User.objects.create_user("mira", password="pw")


@pytest.fixture
def screen(enter: Enter, mira: User) -> Page:
    return enter(mira)


def test_a_machine_is_drawn_by_forms_and_published(screen: Page) -> None:
    screen.get_by_role("link", name="New machine").first.click()
    screen.get_by_label("Title").first.fill("Holiday request")
    screen.get_by_role("button", name="Make machine").click()
    add_state(screen, "Asked")
    add_state(screen, "Granted", "final")
    select(screen, "Asked")
    screen.locator("#add-on").click()
    screen.get_by_label("Event").fill("grant")
    screen.get_by_label("Target").select_option(label="Granted")
    screen.get_by_label("Guard").fill("event.days <= 30")
    expect(screen.locator("#guard-live")).to_contain_text("Valid")
    screen.locator("#inspector").get_by_role("button", name="Add transition").click()
    saved(screen, "add grant")
    expect(screen.locator("#diagram .sb-label.is-selected")).to_contain_text("grant")
    screen.locator("#publish").click()
    screen.locator("#publish-now").click()
    expect(screen.get_by_role("heading", name="Version 1 is published")).to_be_visible()
    assert Machine.objects.get(slug="holiday-request").current is not None


def test_a_click_in_the_diagram_opens_the_form_and_delete_asks_first(screen: Page, mira: User) -> None:
    create_machine(mira, "Approval", DRAFT)
    screen.goto("/machines/approval/design")
    screen.locator('#diagram [data-ref="review"]').first.click()
    expect(screen.locator("#inspector .pane-head")).to_contain_text("Review")
    expect(screen).to_have_url(re.compile("select=review"))
    screen.locator("#delete-state").click()
    expect(screen.get_by_role("dialog")).to_contain_text("3 transitions go with it")
    screen.get_by_role("dialog").get_by_role("button", name="Delete with 3 transitions").click()
    saved(screen, "delete Review")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    expect(screen.locator('#diagram [data-ref="review"]')).to_have_count(0)
    screen.locator("#outline").click()
    screen.keyboard.press("Control+z")
    expect(screen.locator("#said")).to_contain_text("Undone: delete Review.")
    screen.reload()
    expect(screen.locator("#redo")).to_be_enabled()
    screen.keyboard.press("Control+Shift+z")
    expect(screen.locator("#said")).to_contain_text("Done again: delete Review.")


def test_what_is_typed_while_an_answer_is_under_way_is_kept_and_saved(screen: Page, mira: User) -> None:
    machine = create_machine(mira, "Approval", DRAFT)
    screen.goto("/machines/approval/design?select=review")
    held: list[Route] = []
    screen.route("**/states/save", lambda route: route.continue_() if held else held.append(route))
    screen.get_by_label("Title").fill("Second look")
    screen.get_by_label("Expected within").fill("9 h")
    expect(screen.get_by_label("Expected within")).to_be_focused()
    assert held, "leaving the title must have sent it"
    held[0].continue_()
    saved(screen, "change Second look")
    expect(screen.get_by_label("Expected within")).to_have_value("9 h")
    screen.locator("#outline").click()
    screen.wait_for_function("() => document.querySelector('#topbar').dataset.revision === '2'")
    machine.refresh_from_db()
    assert machine.draft["states"]["review"]["title"] == "Second look"
    assert machine.draft["states"]["review"]["expectedWithin"] == "PT9H"


def test_a_draft_changed_by_somebody_else_is_not_overwritten(screen: Page, mira: User) -> None:
    machine = create_machine(mira, "Approval", DRAFT)
    screen.goto("/machines/approval/design?select=review")
    jonas = User.objects.create_user("jonas", first_name="Jonas", last_name="Thal")
    document = {**DRAFT, "title": "Theirs"}
    DraftRevision.objects.create(
        machine=machine, number=7, parent=None, document=document, label="rename it", author=jonas
    )
    Machine.objects.filter(pk=machine.pk).update(draft=document, draft_revision=7)
    screen.get_by_label("Title").fill("Mine")
    screen.get_by_label("Title").press("Enter")
    expect(screen.get_by_role("alert")).to_contain_text("Jonas Thal changed this draft")
    expect(screen.get_by_label("Title")).to_have_value("Mine")
    screen.get_by_role("link", name="Load the newest draft").click()
    expect(screen.get_by_label("Title")).to_have_value("Review")


def test_the_diagram_is_walked_and_a_state_chosen_by_keys_alone(screen: Page, mira: User) -> None:
    create_machine(mira, "Approval", DRAFT)
    screen.goto("/machines/approval/design")
    stop = screen.locator('#diagram [role=button][tabindex="0"]')
    expect(stop).to_have_count(1)
    stop.focus()
    screen.keyboard.press("ArrowDown")
    screen.keyboard.press("Enter")
    expect(screen.locator("#inspector")).not_to_have_attribute("data-ref", "")
    screen.keyboard.press("f")
    expect(screen.locator("[data-zoom-text]")).not_to_have_text("")
