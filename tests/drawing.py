"""What somebody does on the design page, as steps which several tests take."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def saved(page: Page, label: str) -> None:
    expect(page.locator("#said")).to_contain_text(f"Saved: {label}.")


def add_state(page: Page, title: str, kind: str = "atomic") -> None:
    page.locator("#tool-state").click()
    expect(page.locator("#inspector .pane-head")).to_contain_text("New state")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Type").select_option(kind)
    page.locator("#inspector").get_by_role("button", name="Add state").click()
    saved(page, f"add {title}")


def select(page: Page, title: str) -> None:
    page.locator("#outline").get_by_role("link", name=title).click()
    expect(page.locator("#inspector .pane-head")).to_contain_text(title)
