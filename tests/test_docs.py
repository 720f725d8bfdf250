"""The pages of docs/ say what is so: charts on them can be read and published, links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import validate

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CHARTS = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "statecharts.md").read_text(), re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("text", CHARTS)
def test_a_chart_of_the_language_page_has_no_problem(text: str) -> None:
    assert validate(parse(json.loads(text))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []
