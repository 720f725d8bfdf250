"""JSON text: the fast writer and the standard library's must say the same."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.statechart.jsontext import canonical, dumps

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(PLAIN)
def test_what_is_written_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(dumps(value)) == value
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), PLAIN, max_size=6), st.randoms(use_true_random=False))
def test_equal_values_have_equal_canonical_texts(value: dict[str, Any], order: random.Random) -> None:
    items = list(value.items())
    order.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("beside", [None, 1])
def test_what_is_no_number_has_no_canonical_text(number: float, beside: object) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"beside": beside, "deep": [{"number": number}]})


@pytest.mark.parametrize("value", [{"when": {1}}, {"what": object()}, [b"bytes"]])
def test_what_is_not_json_has_no_canonical_text(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_a_half_of_a_surrogate_pair_is_escaped() -> None:
    assert canonical({"half": "\ud800", "b": 2**70}) == '{"b":1180591620717411303424,"half":"\\ud800"}'
