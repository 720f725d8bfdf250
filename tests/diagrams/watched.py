"""A page in Chromium that answers from this project alone and notes whatever a drawing may not do."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Dialog, Page, Route

ROOT = Path(__file__).resolve().parents[2]
HOST = "http://drawings.test"
HEAD = '<!doctype html><html lang="en"{}><title>Drawings</title>{}'
CSS = '<link rel="stylesheet" href="/static/css/signalbox.css">'
UNPAINTED = "<style>svg{content-visibility:hidden}</style>"  # hundreds of drawings take long to paint


class Watched:
    """What a page did that a drawing may not do, and the page to show next."""

    def __init__(self, page: Page) -> None:
        self.page, self.shown, self.kind = page, "", "text/html"
        self.alarms: list[str] = []
        page.route("**/*", self._answer)
        page.on("dialog", self._dismiss)
        page.on("console", lambda message: self.alarms.append(f"console {message.text}"))
        page.on("pageerror", lambda error: self.alarms.append(f"error {error}"))
        page.on("popup", lambda popup: self.alarms.append("popup"))

    def _dismiss(self, dialog: Dialog) -> None:
        self.alarms.append("dialog")
        dialog.dismiss()

    def _answer(self, route: Route) -> None:
        address = route.request.url
        file = ROOT / address.removeprefix(f"{HOST}/")
        if address == f"{HOST}/":
            route.fulfill(body=self.shown, content_type=f"{self.kind}; charset=utf-8")
        elif address.startswith(f"{HOST}/static/") and file.is_file():
            route.fulfill(path=file)
        else:
            self.alarms.append(f"request {address[:80]}")
            route.abort()

    def show(self, body: str, css: str = "", theme: str = "", kind: str = "text/html") -> Page:
        themed = f' data-theme="{theme}"' if theme else ""
        self.kind = kind
        self.shown = f"{HEAD.format(themed, css)}<main><h1>Drawings</h1>{body}</main>" if kind == "text/html" else body
        self.page.goto(f"{HOST}/")
        return self.page
