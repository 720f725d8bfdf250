"""`make screenshots LOG=FILE`: run some instances, replay the bank's log, and take the pictures of the README.

Runs beside a Signalbox in an empty folder of its own: SIGNALBOX_VAR and BASE_URL say where that is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "screenshots"
SIZE = {"width": 1440, "height": 900}
STUCK = 90_000  # ms until the stall detection has judged what was replayed


def manage(*words: str) -> None:
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=HERE.parent, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 our own command


def start_some() -> None:
    """Orders that go well, that wait for stock, and that the carrier cannot deliver; documents in review."""
    contexts = ["{}", '{"items": ["unicorn"]}', "{}", '{"address": "nowhere"}', "{}"]
    for number in range(1, 13):
        manage("start", "order-fulfilment", f"SO-{10400 + number}", "--context", contexts[number % len(contexts)])
    for number in range(1, 8):
        manage("start", "document-approval", f"DOC-{number}")
        if number % 2:
            manage("send", "document-approval", f"DOC-{number}", "submit")


def log_in(page: Page) -> None:
    password = (Path(os.environ["SIGNALBOX_VAR"]) / "admin-password").read_text().strip()
    page.goto("/login")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Machines", exact=True).wait_for()


def take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


def main(log: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    start_some()
    if log:
        manage("replay", log, "--machine", "bank-loan")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(base_url=os.environ["BASE_URL"], viewport=SIZE).new_page()
        log_in(page)
        take(page, "/machines/order-fulfilment/design?select=validating_payment", "designer")
        take(page, "/", "machines")
        page.goto("/admin/operations/machines/bank-loan/")
        if log:
            page.locator(".sb-badge", has_text="327 stuck").first.wait_for(timeout=STUCK)
        take(page, "/admin/operations/machines/bank-loan/", "machine")
        take(page, "/admin/", "dashboard")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
