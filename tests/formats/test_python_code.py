"""The Python module of a chart: it makes the same chart, reads as one that ruff formatted, and runs no user's text."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.formats import python_code
from orchestrator.formats.python_code.layout import literal
from orchestrator.sdk import Machine
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import content_hash, dump, parse
from tests.formats.charts import charts, made_by
from tests.formats.hostile import PAYLOADS, hostile_charts
from tests.statechart.support import Document, document

KEYS = ("class", "None", "print", "to", "Machine", "x", "x.y", "x-y", "x_y", "_", "__debug__", "9", "_x", "machine")


def machines(text: str) -> list[Machine]:
    """Execute a module; gives the machines which it declares under public names."""
    names: dict[str, object] = {}
    exec(compile(text, "made.py", "exec"), names)
    return [value for name, value in names.items() if isinstance(value, Machine) and not name.startswith("_")]


def comes_back(chart: Chart) -> None:
    exported = python_code.write(chart)
    assert exported.notes == ()
    [machine] = machines(exported.text)
    document = machine.document()
    assert parse(document) == chart
    assert content_hash(document) == content_hash(dump(chart)), "the order of states counts too"


@pytest.mark.parametrize("seed", range(20))
def test_executing_the_module_gives_the_same_chart(seed: int) -> None:
    numbers = Random(seed)
    for _ in range(100):
        comes_back(parse(made_by(numbers.choice)))


@settings(max_examples=60, deadline=None)
@given(charts())
def test_executing_the_module_gives_the_same_chart_however_small(chart: Chart) -> None:
    comes_back(chart)


def test_a_chart_without_errors_can_be_published_from_its_module() -> None:
    chart = parse(document({"a": {"on": [{"event": "go", "target": "b"}]}, "b": {"type": "final"}}))
    [machine] = machines(python_code.write(chart).text)
    assert machine.chart() == chart


@pytest.mark.parametrize(
    "document",
    [
        {"signalbox": 1, "id": "empty", "states": {}},
        {"signalbox": 1, "id": "lost", "initial": "gone", "states": {"a": {"type": "compound", "initial": "gone"}}},
        {"signalbox": 1, "id": "odd", "states": {"a": {"type": "atomic", "history": "deep", "states": {"b": {}}}}},
        {"signalbox": 1, "id": "odd", "states": {"a": {"type": "final", "history": "shallow", "initial": "a"}}},
        {"signalbox": 1, "id": "odd", "states": {"h": {"type": "history", "always": [{"target": ["a", "h"]}, {}]}}},
        {"signalbox": 1, "id": "odd", "states": {"h": {"type": "history", "always": [{"guard": "true"}]}}},
    ],
    ids=range(6),
)
def test_a_draft_with_mistakes_comes_back_as_it_is(document: Document) -> None:
    comes_back(parse(document))


def test_a_block_of_actions_comes_back() -> None:
    inner = [{"type": "cancel", "id": "x"}, {"type": "block", "actions": [{"type": "compensate"}]}]
    comes_back(parse(document({"a": {"entry": [{"type": "block", "actions": inner}, {"type": "block"}]}})))


def test_keys_that_are_no_names_or_hide_something_get_variables_of_their_own() -> None:
    states = {key: {"on": [{"event": "go", "target": "x"}]} for key in KEYS}
    made = python_code.write(parse({"signalbox": 1, "id": "print", "initial": "x", "states": states})).text
    given = [node.id for node in ast.walk(ast.parse(made)) if isinstance(node, ast.Name) and is_stored(node)]
    assert len(given) == len(set(given)) == len(KEYS) + 1
    assert set(given).isdisjoint({"print", "to", "Machine", "None", "__debug__"})
    comes_back(parse({"signalbox": 1, "id": "print", "initial": "x", "states": states}))


def is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_text_of_a_user_becomes_code(payload: str) -> None:
    """Whatever is in a field, the module is calls of the API on literals: no operators, no attributes of values."""
    for chart in hostile_charts(payload):
        made = python_code.write(chart).text
        assert set(strange(ast.parse(made))) == set()
        assert all(sign.isprintable() or sign == "\n" for sign in made)
        comes_back(chart)


def strange(tree: ast.Module) -> Iterator[str]:
    """Every kind of node which a declaration does not need."""
    usual = ast.Module | ast.Expr | ast.Assign | ast.ImportFrom | ast.alias | ast.Call | ast.keyword | ast.Constant
    parts = ast.List | ast.Dict | ast.Name | ast.Load | ast.Store | ast.Attribute | ast.UnaryOp | ast.USub
    for node in ast.walk(tree):
        if not isinstance(node, usual | parts):
            yield type(node).__name__
        if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
            yield "attribute of a value"
        if isinstance(node, ast.ImportFrom) and node.module != "orchestrator.sdk":
            yield f"import from {node.module}"


@given(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.none() | st.booleans())
def test_a_literal_is_the_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_the_module_is_formatted_as_ruff_does(tmp_path: Path) -> None:
    numbers = Random(1)
    for number in range(150):
        text = python_code.write(parse(made_by(numbers.choice))).text
        (tmp_path / f"m{number}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--diff", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[:4000]
