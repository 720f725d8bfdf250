"""What activities ask of their input, told before a chart is published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.secret_refs import SecretError, put_in, used
from tests.statechart.problems import codes
from tests.statechart.support import Document


def told(given: Document, kind: str = "http", undo: Document | None = None) -> list[tuple[str, str]]:
    asked = {"http": {"url": "https://example.com", "method": "PUT"}, "python": {"callable": "c"}}.get(kind, {})
    activity = {"id": "do", "kind": kind, "title": "Do", "input": {**asked, **given}, "retry": {"maxAttempts": 3}}
    if undo is not None:
        activity["compensate"] = {"kind": "http", "input": {"url": "https://example.com", **undo}}
    state = {"invoke": [{**activity, "onDone": [{"target": "end"}]}]}
    return [found for found in codes({"a": state, "end": {"type": "final"}}, "error", context={"n": 1})]


@pytest.mark.parametrize(
    "given",
    [
        {"response": {"id": "body.id", "more": "headers['x'] + string(status)"}},
        {"response": {"names": "body.items.map(item, item.name)"}},
        {"success": "status == 200 && body.ok"},
        {"success": "body.ok"},
        {"success": "status"},  # of no type that is known, so it may be true or false
        {"response": {}},
    ],
)
def test_expressions_over_the_answer_are_compiled(given: Document) -> None:
    assert told(given) == []


@pytest.mark.parametrize(
    "given",
    [
        {"response": ["body"]},
        {"response": {"id": 1}},
        {"response": {"id": "body."}},
        {"response": {"id": "context.n"}},
        {"response": {"id": "${context.n}"}},
        {"response": {"id": "result.x"}},
        {"success": "string(status)"},
        {"success": True},
    ],
)
def test_an_expression_that_the_answer_cannot_give_is_told(given: Document) -> None:
    assert ("expression", "a/invoke/0/input") in told(given)
    assert ("expression", "a/invoke/0/compensate") in told({}, undo=given)


def test_the_answer_is_known_to_its_own_expressions_alone() -> None:
    assert told({"url": "https://example.com/${body.id}"}) == [("expression", "a/invoke/0/input")]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("http", {"headers": {"A": "Bearer {{secret:KEY}}"}, "body": "{{secret:A.b-c_1}}{{secret:KEY}}"}),
        ("http", {"json": {"a": [{"b": "{{secret:KEY}}"}]}, "query": {"k": "{{secret:KEY}}"}}),
        ("python", {"args": {"token": "{{secret:KEY}}"}}),
    ],
)
def test_a_secret_may_stand_where_it_is_put_in(kind: str, given: Document) -> None:
    assert told(given, kind) == []


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("http", {"method": "{{secret:KEY}}"}),
        ("http", {"headers": {"{{secret:KEY}}": "x"}}),
        ("http", {"headers": {"A": "{{secret:}}"}}),
        ("http", {"headers": {"A": "{{secret:a b}}"}}),
        ("http", {"body": "{{secret:KEY}} {{secret:${context.n}}}"}),
        ("http", {"response": {"a": "'{{secret:KEY}}'"}}),
        ("python", {"callable": "{{secret:KEY}}"}),
        ("email", {"to": "a@example.com", "subject": "s", "text": "{{secret:KEY}}"}),
        ("human", {"group": "g", "due": "P1D", "instructions": "{{secret:KEY}}"}),
    ],
)
def test_a_secret_elsewhere_is_told(kind: str, given: Document) -> None:
    assert ("secret-place", "a/invoke/0/input") in told(given, kind)


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,10}", fullmatch=True)
PIECES = st.lists(st.text(st.characters(exclude_characters="{}"), max_size=8) | NAMES.map("{{{{secret:{}}}}}".format))


@given(st.lists(PIECES.map("".join), max_size=4), st.text(max_size=20))
def test_every_reference_is_counted_and_put_in(texts: list[str], value: str) -> None:
    body: JSON = {"texts": [*texts]}
    found = used("http", {"json": body})
    filled = put_in(body, dict.fromkeys(found, value))
    expected = [text for text in texts]
    for name in found:
        expected = [text.replace(f"{{{{secret:{name}}}}}", value) for text in expected]
    assert sum(found.values()) == sum(text.count("{{secret:") for text in texts)
    assert "{{secret:" in value or filled == {"texts": expected}


def test_a_value_is_not_searched_for_references() -> None:
    assert put_in("{{secret:A}}", {"A": "{{secret:B}}", "B": "x"}) == "{{secret:B}}"
    with pytest.raises(SecretError):
        used("http", {"body": "{{secret:"})
