"""What is told without CEL is what CEL says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.expressions import ExpressionError, Scope, holds
from orchestrator.statechart.plain_guards import decided
from tests.effort import examples

PATHS = ("context.n", "context.text", "context.flag", "context.inner.n", "event.n", "event.missing", "context.n.deep")
CONSTANTS = ("0", "5", "-3", "9223372036854775807", "'x'", '"y"', "true", "false", "2.5", "null")
SIGNS = ("==", "!=", "<", "<=", ">", ">=")
NUMBERS = st.sampled_from([0, 5, -3, 4, 6, 2**63 - 1, 2**63, -(2**63), 2**70, 5.0, 2.5])
VALUES = NUMBERS | st.sampled_from(["x", "y", "", True, False, None]) | st.just([1]) | st.just({"deep": 5})
CONTEXTS = st.fixed_dictionaries(
    {}, optional={"n": VALUES, "text": VALUES, "flag": VALUES, "inner": VALUES | st.fixed_dictionaries({"n": VALUES})}
)
COMPARED = st.builds(
    "{} {} {}".format, st.sampled_from(PATHS), st.sampled_from(SIGNS), st.sampled_from(CONSTANTS)
) | st.builds("{} {} {}".format, st.sampled_from(CONSTANTS), st.sampled_from(SIGNS), st.sampled_from(PATHS))
PARTS = COMPARED | st.sampled_from([*PATHS, *(f"!{path}" for path in PATHS), "true", "false", "1 < 2"])
GUARDS = st.lists(PARTS | PARTS.map("({})".format), min_size=1, max_size=3).map(" && ".join) | st.builds(
    "{} || {}".format, PARTS, PARTS
)


def asked(text: str, context: Any, event: Any) -> bool | None:
    """What CEL says; None for an error."""
    try:
        return holds(text, Scope({"context": context, "event": event}))
    except ExpressionError:
        return None


@settings(max_examples=examples(3_000), deadline=None)
@given(GUARDS, CONTEXTS, CONTEXTS)
def test_what_is_decided_is_what_cel_says(text: str, context: Any, event: Any) -> None:
    told = decided(text, context, event)
    assert told is None or told is asked(text, context, event)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("context.n > 3", True),
        ("context.n > 5 && event.n < 10", False),
        ("(3 < context.n) && context.text == 'x' && context.flag", True),
        ("!context.flag", False),
        ("context.inner.n != 7", False),
        ("context.missing == 1", None),
        ("context.n > 2.5", None),
        ("context.text < 'y'", None),
        ("context.n > 3 || context.flag", None),
        ("size(context.text) == 1", None),
        ("context.text == 5", None),
        ("context.half > 2", None),
    ],
)
def test_plain_comparisons_are_decided_and_all_else_is_left_to_cel(text: str, told: bool | None) -> None:
    context: Any = {"n": 5, "text": "x", "flag": True, "inner": {"n": 7}, "half": 2.5}
    assert decided(text, context, {"n": 9}) is told
