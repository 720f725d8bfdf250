"""Every code of a problem has a page, and the examples on the page are true."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from orchestrator.statechart.checks.codes import CODES
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.validate import Problem, validate
from tests.statechart.support import ROOT, refusal

PAGES = ROOT / "docs" / "problems"
SOURCE = ROOT / "orchestrator"
EXAMPLES = re.compile(r"## Wrong\n\n```json\n(.*?)```\n\n## Right\n\n```json\n(.*?)```", re.DOTALL)


def produced() -> set[str]:
    """The codes which the source names where it makes a problem."""
    found = set[str]()
    for path in [*SOURCE.glob("statechart/**/*.py"), *SOURCE.glob("definitions/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
                if node.func.id in ("problem", "Problem"):
                    found |= {str(arg.value) for arg in given if isinstance(arg, ast.Constant)}
    return found


def problems_of(text: str) -> list[Problem]:
    document = json.loads(text)
    error = refusal(DocumentError, lambda: parse(document))
    return [Problem("malformed", error.path, "error", error.message, "")] if error else validate(parse(document))


def examples(code: str) -> tuple[str, str]:
    found = EXAMPLES.search((PAGES / f"{code}.md").read_text())
    assert found, f"{code}.md has no wrong and right example"
    return found[1], found[2]


def test_the_table_has_every_code_that_the_source_makes_and_no_other() -> None:
    computed = {"type-error", "type-doubt"}  # which of the two depends on whether there is a schema
    assert produced() | computed == set(CODES)


def test_every_code_has_a_page_which_the_index_lists_and_no_page_is_left_over() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(CODES)
    index = (PAGES / "README.md").read_text()
    for code, about in CODES.items():
        assert f"| [{code}]({code}.md) | {about.title} |" in index
        assert index.index(f"[{code}]") > index.index(f"## {about.severity.capitalize()}s")


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_of_a_page_has_the_problem_and_the_right_one_has_none(code: str) -> None:
    wrong, right = (problems_of(text) for text in examples(code))
    assert code in {found.code for found in wrong}
    assert [(found.code, found.path) for found in right] == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_the_code_is_and_how_severe(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text()
    assert text.startswith(f"# {CODES[code].title}\n\n`{code}`. ")
    assert f"**{CODES[code].severity}**" in text
    assert text.rstrip().endswith(".")
    for found in problems_of(examples(code)[0]):
        assert Path(ROOT / found.page).exists()
        assert found.severity == CODES[found.code].severity
