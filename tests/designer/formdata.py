"""What a browser would send of a form in a page."""

from __future__ import annotations

from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.select = ""
        self.first: str | None = None
        self.chosen: str | None = None
        self.area = ""
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if "disabled" in given or (tag != "option" and not name):
            return
        match tag:
            case "input" if given.get("type") not in {"checkbox", "radio", "submit", "button"} or "checked" in given:
                self.sent.setdefault(name, []).append(
                    given.get("value") or ("on" if given.get("type") == "checkbox" else "")
                )
            case "select":
                self.select, self.first, self.chosen = name, None, None
            case "option" if self.select:
                value = given.get("value") or ""
                self.first = value if self.first is None else self.first
                self.chosen = value if "selected" in given else self.chosen
            case "textarea":
                self.area, self.text = name, []

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            chosen = self.first if self.chosen is None else self.chosen
            self.sent.setdefault(self.select, []).append(chosen or "")
            self.select = ""
        if tag == "textarea" and self.area:
            self.sent.setdefault(self.area, []).append("".join(self.text).removeprefix("\n"))
            self.area = ""


def sent_by(html: str) -> dict[str, list[str]]:
    """All named fields of a page that holds one form, with the values they have now."""
    fields = _Fields()
    fields.feed(html)
    return fields.sent
