"""Nothing that people typed into a chart runs in Chromium, or asks for anything."""

from __future__ import annotations

from tests.diagrams.allowed import PARTS
from tests.diagrams.hostile import drawn
from tests.diagrams.payloads import PAYLOADS
from tests.diagrams.watched import UNPAINTED, Watched
from tests.support import needs_chromium

pytestmark = needs_chromium
TOUCH = """() => {
  const seen = new Set();
  for (const element of document.querySelectorAll('svg.sb-diagram, svg.sb-diagram *')) {
    seen.add(element.localName + ' ' + element.namespaceURI);
    for (const {name} of element.attributes) seen.add(element.localName + ' ' + name);
    for (const kind of ['mouseover', 'focus', 'click', 'load'])
      element.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}));
  }
  return [...seen];
}"""


def may_be_seen() -> set[str]:
    attributes = {f"{tag} {name}" for tag, names in PARTS.items() for name in names}
    return attributes | {f"{tag} http://www.w3.org/2000/svg" for tag in PARTS} | {"svg xmlns"}


def test_nothing_in_any_hostile_drawing_runs_or_asks_for_anything_within_a_page(watched: Watched) -> None:
    page = watched.show("".join(drawn(payload) for payload in PAYLOADS), UNPAINTED)
    assert page.locator("main > svg.sb-diagram").count() == len(PAYLOADS)
    assert page.evaluate("document.querySelectorAll('main *:not(svg, svg *, h1)').length") == 0
    assert set(page.evaluate(TOUCH)) - may_be_seen() == set()
    assert watched.alarms == []


def test_nothing_in_a_hostile_drawing_runs_or_asks_for_anything_as_a_file_of_its_own(watched: Watched) -> None:
    some = PAYLOADS[::8]
    drawings = "".join(drawn(payload) for payload in some)
    page = watched.show(f'<svg xmlns="http://www.w3.org/2000/svg">{drawings}</svg>', kind="image/svg+xml")
    assert page.evaluate("document.documentElement.children.length") == len(some)
    assert set(page.evaluate(TOUCH)) - may_be_seen() == set()
    assert watched.alarms == []


def test_the_same_texts_unescaped_do_raise_the_alarm(watched: Watched) -> None:
    watched.show(
        "<svg class='sb-diagram'><text><script>alert(1)</script><image href='//evil.test/a.png'/></text></svg>",
        UNPAINTED,
    )
    assert {"dialog", "request http://evil.test/a.png"} <= set(watched.alarms)
