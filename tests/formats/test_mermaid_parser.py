"""Mermaid's own parser takes what we write, and finds in it the states that the chart has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from designer.gallery.load import gallery_entries
from orchestrator.formats import mermaid
from orchestrator.statechart.document import parse
from tests.formats.charts import seeded
from tests.formats.npm import unpacked

VERSION = "12.3.0"
PARSE = """async texts => {
  mermaid.initialize({ startOnLoad: false, maxTextSize: 5000000 });
  const refused = [];
  for (const [name, text] of texts) {
    try {
      const found = await mermaid.parse(text);
      if (found.diagramType !== 'stateDiagram') refused.push([name, found.diagramType]);
    } catch (error) {
      refused.push([name, String(error.message || error).slice(0, 300)]);
    }
  }
  return refused;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_content("<html><body></body></html>")
    page.add_script_tag(path=unpacked("mermaid", VERSION) / "dist" / "mermaid.min.js")
    yield page
    context.close()


def test_mermaid_takes_hundreds_of_charts_that_use_every_construct(page: Page) -> None:
    texts = [[str(seed), mermaid.write(parse(seeded(seed))).text] for seed in range(150)]
    assert page.evaluate(PARSE, texts) == []


def test_mermaid_takes_the_gallery(page: Page) -> None:
    texts = [[entry.slug, mermaid.write(parse(entry.document)).text] for entry in gallery_entries()]
    assert page.evaluate(PARSE, texts) == []


def test_mermaid_would_say_what_it_does_not_take(page: Page) -> None:
    assert len(page.evaluate(PARSE, [["broken", "stateDiagram-v2\n  state x {\n"], ["other", "pie\n"]])) == 2
