"""Anything that may come in as a document is a chart or a DocumentError, and every chart can be checked and written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.document import DocumentError, dump, loads, parse
from orchestrator.statechart.validate import validate
from tests.statechart.support import document, refusal
from tests.statechart.test_document import FULL

KEYS = (
    "signalbox", "id", "title", "initial", "states", "context", "type", "history", "on", "after", "always", "onDone",
    "invoke", "entry", "event", "target", "guard", "actions", "delay", "kind", "input", "retry", "onFailure", "policy",
    "compensate", "expr", "to", "data", "maxAttempts", "interval", "a", "b",
)  # fmt: skip
WORDS = (
    "a", "b", "h", "", "parallel", "history", "final", "compound", "assign", "send", "catch", "PT1S", "P1Y", "true",
    "${1}", "${", "\x00", "\ud800",
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5) | st.integers(), inner, max_size=5)
    ),
    max_leaves=20,
)
TARGETS = st.sampled_from(["a", "b", "c", "h", "x"])
WAYS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "target": st.sampled_from(["a", "b", "h", "x"])
            | st.lists(st.sampled_from(["a", "b", "h", "c"]), max_size=3),
            "guard": st.sampled_from(["true", "1", "1 +", "event.x"]),
            "internal": st.booleans(),
        },
    ),
    max_size=2,
)
SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.just({}),
    lambda inner: st.fixed_dictionaries(
        {"states": st.dictionaries(st.sampled_from(["a", "b", "c", "h"]), inner, max_size=3)},
        optional={
            "type": st.sampled_from(["parallel", "compound", "history", "final", "atomic"]),
            "initial": st.sampled_from(["a", "b", "h", "x"]),
            "always": WAYS,
            "onDone": WAYS,
        },
    ),
    max_leaves=6,
)


def assert_read_or_refused(value: object) -> None:
    error = refusal(DocumentError, lambda: parse(value))
    if error is not None:
        assert error.message
        return
    chart = parse(value)
    assert parse(dump(chart)) == chart
    for problem in validate(chart):
        assert problem.message
        assert problem.fix


@settings(max_examples=300, deadline=None)
@given(ANYTHING | st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6))
def test_any_value_is_a_chart_or_a_document_error(value: object) -> None:
    assert_read_or_refused(value)
    assert_read_or_refused(document({"a": value}))


@settings(max_examples=300, deadline=None)
@given(SHAPES)
def test_a_chart_of_any_shape_is_checked_however_senseless_it_is(value: dict[str, Any]) -> None:
    assert_read_or_refused({**document(value.get("states", {})), "initial": value.get("initial", "a")})


@settings(max_examples=300, deadline=None)
@given(st.text() | st.binary() | ANYTHING.map(lambda value: json.dumps({"a": value}, default=str, skipkeys=True)))
def test_any_text_is_an_object_or_a_document_error(text: str | bytes) -> None:
    error = refusal(DocumentError, lambda: loads(text))
    assert error.message if error else isinstance(loads(text), dict)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_document_with_one_place_spoilt_is_read_or_refused(data: st.DataObject) -> None:
    """Walks to a random place of the full document and puts anything there."""
    spoilt: Any = json.loads(json.dumps(FULL))
    holder, key = spoilt, data.draw(st.sampled_from(list(spoilt)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(ANYTHING)
    assert_read_or_refused(spoilt)
