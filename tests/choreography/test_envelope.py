"""Events go out as CloudEvents 1.0 and come back the same; anything else is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.choreography.envelope import MAX_BODY, EnvelopeError, parsed, read, written
from orchestrator.runtime.requests import Published

TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MOMENT = datetime(2026, 1, 5, 9, tzinfo=UTC)
EVENT: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.placed", "data": {"id": 7}}


@given(TEXTS, TEXTS, TEXTS, TEXTS, VALUES)
def test_what_was_written_is_read_as_the_same_event(kind: str, key: str, source: str, name: str, data: Any) -> None:
    event = read({**EVENT, "type": kind, "partitionkey": key, "source": source, "id": name, "data": data}, "orders")
    timed = event._replace(occurred_at=MOMENT)
    assert read(parsed(written(timed)), "orders") == timed


def test_without_a_key_the_id_is_the_key() -> None:
    assert read(EVENT, "orders") == Published("orders", "order.placed", '{"id":7}', "1", "/shop", "1", None)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("specversion", {"specversion": "0.3"}),
        ("id", {"id": ""}),
        ("id", {"id": 7}),
        ("source", {"source": "two\nlines"}),
        ("type", {"type": "x" * 201}),
        ("data_base64", {"data_base64": "AA=="}),
        ("time", {"time": "yesterday"}),
        ("time", {"time": "2026-01-05T09:00:00"}),
        ("partitionkey", {"partitionkey": ["k"]}),
        ("data", {"data": "x" * (MAX_BODY + 1)}),
    ],
)
def test_a_bad_attribute_is_named(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeError) as caught:
        read({**EVENT, **change}, "orders")
    assert caught.value.field == field


@pytest.mark.parametrize("body", [b"", b"{", b'"\\ud800"', b"NaN", b"\xff", b"[" * 100_000, b" " * (MAX_BODY + 1)])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        parsed(body)


def test_data_nested_too_deep_are_refused() -> None:
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    with pytest.raises(EnvelopeError, match="nested deeper"):
        read({**EVENT, "data": deep}, "orders")
