"""A new user's first day: log in, draw the document approval by hand, run it, and be told what is stuck."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Site
from tests.drawing import add_state, saved, select
from tests.support import needs_chromium, wait_for

pytestmark = needs_chromium
SLOW = 30_000  # ms: a timeout, a sweep and an email are on the way


def log_in(page: Page, site: Site) -> None:
    page.goto("/")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Machines", exact=True)).to_be_visible()


def make_machine(page: Page, title: str) -> None:
    page.get_by_role("link", name="New machine").first.click()
    page.get_by_label("Title").first.fill(title)
    page.get_by_role("button", name="Make machine").click()


def add_transition(page: Page, source: str, event: str, target: str) -> None:
    select(page, source)
    page.locator("#add-on").click()
    page.get_by_label("Event").fill(event)
    page.get_by_label("Target").select_option(label=target)
    page.locator("#inspector").get_by_role("button", name="Add transition").click()
    saved(page, f"add {event}")


def add_timeout(page: Page, source: str, delay: str, target: str) -> None:
    select(page, source)
    page.locator("#add-after").click()
    page.get_by_label("After").fill(delay)
    page.get_by_label("Target").select_option(label=target)
    page.locator("#inspector").get_by_role("button", name="Add timeout").click()
    expect(page.locator("#diagram .sb-timeout").first).to_be_attached()


def expect_within(page: Page, state: str, time: str) -> None:
    select(page, state)
    page.get_by_label("Expected within").fill(time)
    page.get_by_label("Expected within").press("Enter")
    saved(page, f"change {state}")


def tell(page: Page, address: str) -> None:
    page.locator("#outline").get_by_role("link", name="The chart").click()
    page.get_by_label("Alert emails to").fill(address)
    page.get_by_label("Alert emails to").press("Tab")
    expect(page.get_by_label("Alert emails to")).to_have_value(address)


def publish(page: Page) -> None:
    page.locator("#publish").click()
    page.locator("#publish-now").click()
    expect(page.get_by_role("heading", name="Version 1 is published")).to_be_visible()


def start(page: Page, key: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill(key)
    dialog.locator("#start-now").click()
    expect(dialog.get_by_role("heading", name=f"Instance {key} is started")).to_be_visible()


def send(page: Page, key: str, event: str) -> None:
    page.goto(f"/admin/operations/instances/?q={key}")
    page.get_by_role("link", name=key, exact=True).click()
    page.get_by_role("link", name="Send event").or_(page.get_by_role("button", name="Send event")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Event", exact=True).select_option(event)
    expect(dialog.locator("#send-preview")).to_contain_text("to")
    dialog.get_by_role("button", name="Send event").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(event, exact=True).first).to_be_visible(timeout=SLOW)


def draw_approval(page: Page) -> None:
    make_machine(page, "Paper approval")
    for title in ("Draft", "Under review", "Escalated"):
        add_state(page, title)
    for title in ("Approved", "Rejected"):
        add_state(page, title, "final")
    add_transition(page, "Draft", "submit", "Under review")
    add_transition(page, "Under review", "approve", "Approved")
    add_transition(page, "Under review", "reject", "Rejected")
    add_timeout(page, "Under review", "2 s", "Escalated")
    add_transition(page, "Escalated", "approve", "Approved")
    expect_within(page, "Escalated", "1 s")
    expect_within(page, "Draft", "1 d")
    tell(page, "lead@example.com")
    expect(page.locator("#problems")).to_contain_text("None: this draft can be published")


def start_three(page: Page) -> None:
    page.get_by_role("button", name="Start an instance").click()
    start(page, "paper-1")
    for key in ("paper-2", "paper-3"):
        page.get_by_role("button", name="Start another").click()
        start(page, key)


def expect_stuck(page: Page) -> None:
    """One instance is counted as stuck in Escalated, on the machine's page and on the dashboard."""
    page.goto("/admin/operations/machines/paper-approval/")
    expect(page.get_by_role("row", name="Escalated")).to_contain_text("1", timeout=SLOW)
    expect(page.locator("#main")).to_contain_text("1 stuck", timeout=SLOW)
    expect(page.get_by_role("row", name="Draft")).to_contain_text("2")
    page.goto("/admin/")
    card = page.locator(".opscard", has=page.get_by_role("link", name="Paper approval"))
    expect(card).to_contain_text("3running")
    expect(card).to_contain_text("1 stuck")


def test_a_new_user_draws_an_approval_runs_it_and_is_told_what_is_stuck(page: Page, site: Site) -> None:
    log_in(page, site)
    draw_approval(page)
    publish(page)
    start_three(page)
    send(page, "paper-1", "submit")
    expect_stuck(page)
    subject = "Paper approval: paper-1 stuck in Escalated"
    expect_mail(page, subject)
    page.get_by_role("link", name=subject).first.click()
    expect(page.locator("#main")).to_contain_text("lead@example.com")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_contain_text("paper-1 is stuck in Escalated")
    expect(page.frame_locator("iframe").locator("img")).to_be_visible()
    send(page, "paper-1", "approve")
    expect_mail(page, "Paper approval: paper-1 no longer stuck in Escalated")


def expect_mail(page: Page, subject: str) -> None:
    """Look into the mailbox until the message is there."""

    def found() -> int:
        page.goto("/admin/operations/mail/")
        return page.get_by_role("link", name=subject).count()

    wait_for(found, f"a mail with the subject {subject}")


def test_an_order_that_cannot_be_shipped_is_undone_in_reverse(page: Page, site: Site) -> None:
    log_in(page, site)
    page.goto("/machines/order-fulfilment/design")
    page.locator("#start").click()
    page.get_by_role("dialog").get_by_label("Context").fill('{"address": "nowhere"}')
    start(page, "SO-1")
    page.get_by_role("link", name="See it in Operations").click()
    expect(page.locator("#main")).to_contain_text("Undone in Order cancelled.", timeout=SLOW)
    newest_first = page.get_by_role("region", name="Activities").locator("li b")
    expect(newest_first).to_have_text(
        ["Refund the card", "Release the goods", "Hand over to the carrier", "Reserve the goods", "Charge the card"]
    )
