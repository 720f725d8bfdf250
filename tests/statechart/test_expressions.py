"""The CEL adapter: values in, JSON out, and nothing but ExpressionError when it goes wrong."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.cel_values import MAX_DEPTH, MAX_SIZE, holdable
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.expressions import (
    MAX_LENGTH,
    ExpressionError,
    Scope,
    check,
    check_template,
    evaluate,
    holds,
    render,
    split,
    written,
)
from tests.statechart.support import BEGINNING, ROOT, refusal

TEXTS = st.text(st.characters(exclude_characters="\x00"), max_size=8)  # CEL reads a text up to its first NUL
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def scope(**context: Any) -> Scope:
    instance = {"id": 7, "key": "SO-7"}
    return Scope({"context": context, "event": {"n": 3}, "instance": instance, "now": BEGINNING})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("context.a + 1", 3),
        ("context.a * 2.5", 5.0),
        ("2.5 - context.a", 0.5),
        ("context.a / 0.5", 4.0),
        ("context.a / 4", 0),
        ("context.a == 2.0", True),
        ("event.n", 3),
        ("instance.key", "SO-7"),
        ("now", "2026-01-05T09:00:00+00:00"),
        ("now + duration('24h') > timestamp('2026-01-06T00:00:00Z')", True),
        ("context.list.map(x, x * 2)", [2, 4]),
        ("context.list.exists(x, x > 1) ? 'some' : 'none'", "some"),
        ("{'b': 1, 'a': [null, {'c': 2u}]}", {"b": 1, "a": [None, {"c": 2}]}),
        ("has(context.missing)", False),
        ("'a\\u0000b'", "a\x00b"),
    ],
)
def test_expressions_have_json_values(text: str, value: JSON) -> None:
    found = evaluate(text, scope(a=2, list=[1, 2]))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("duration('720h')", "PT2592000S"),
        ("duration('123456.5s')", "PT123456.5S"),
        ("duration('-5s')", "-PT5S"),
        ("now - now", "PT0S"),
    ],
)
def test_lengths_of_time_are_iso_8601_without_exponents(text: str, value: str) -> None:
    assert evaluate(text, scope()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("context.missing", 'Key not found in map : "missing"'),
        ("1 / 0", "divide by zero"),
        ("9223372036854775807 + 1", "overflow"),
        ("context.a + 'x'", "No matching overload"),
        ("1.0 / 0.0", "not a finite number"),
        ("b'abc'", "not JSON"),
        ("type(1)", "not JSON"),
        ("context.a +", "Syntax error"),
        ("unknown", "undeclared reference"),
        ("context.s.matches('(')", "invalid regular expression"),
        ("'\ud800'", "compile"),
        ("(" * 900 + "1" + ")" * 900, "recursion limit"),
        ("1" + " + 1" * 400, "recursion depth"),
        ("1" * (MAX_LENGTH + 1), f"shorten it to {MAX_LENGTH}"),
    ],
)
def test_what_has_no_value_says_why(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason.replace("(", r"\(")):
        evaluate(text, scope(a=2, s="x"))


def test_a_guard_is_true_only_for_true() -> None:
    assert holds("context.a > 1", scope(a=2))
    assert not holds("context.a > 1", scope(a=1))
    for text in ("context.a", "'true'", "[true]", "null"):
        with pytest.raises(ExpressionError, match="must be true or false"):
            holds(text, scope(a=1))


def test_a_missing_key_is_an_error_and_never_true() -> None:
    with pytest.raises(ExpressionError):
        holds("context.missing", scope())


def test_checking_compiles_and_looks_at_the_type_of_a_guard() -> None:
    assert check("context.a > 1", boolean=True) is None
    assert check("context.a", boolean=True) is None
    assert check("1 + 1") is None
    assert "of type int" in str(check("1 + 1", boolean=True))
    assert "Syntax error" in str(check("1 +"))
    assert "Syntax error" in str(check_template("all ${1 +}"))
    assert "not closed" in str(check_template("all ${1"))
    assert check_template("all ${1} and ${'}'}") is None


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("${context.a}", 2),
        ("${ {'x': context.a} }", {"x": 2}),
        ("a ${context.a} b ${context.list}", "a 2 b [1, 2]"),
        ("${null}${true}${1.5}", "true1.5"),
        ("${'}' + \"{\"}", "}{"),
        ("${'\\'}'}", "'}"),
        ("$ { } $", "$ { } $"),
        ("", ""),
        ({"k${context.a}": ["${context.a}", None, 1]}, {"k${context.a}": [2, None, 1]}),
    ],
)
def test_templates_keep_the_type_of_a_single_expression_and_write_the_rest_out(template: JSON, value: JSON) -> None:
    assert render(template, scope(a=2, list=[1, 2])) == value


@pytest.mark.parametrize("text", ["${", "a ${1", "${'}", "${{}", "${1} ${"])
def test_an_unclosed_template_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="not closed"):
        split(text)


def test_numbers_beyond_64_bits_anywhere_do_not_break_other_expressions() -> None:
    huge = scope(a=1, big=10**30, list=[{"n": -(10**400)}])
    assert evaluate("context.a + 1", huge) == 2
    assert holds("context.big > 5 && context.list[0].n < 0", huge)
    assert evaluate("context.big", huge) == 1e30


def test_halves_of_surrogate_pairs_anywhere_do_not_break_other_expressions() -> None:
    odd = scope(a=1, text="x\ud800y", **{"\udfff": {"z": ["\udc00"]}})
    assert evaluate("context.a + 1", odd) == 2
    assert evaluate("context.text", odd) == "x\ufffdy"
    assert evaluate("context", scope(**{"\ud800": None})) == {"\ufffd": None}


def test_what_cel_can_hold_is_not_copied() -> None:
    value = {"a": [1, {"b": "x"}], "c": 2**63}
    assert holdable(value) is value


def test_results_have_a_bound_however_they_grow() -> None:
    text, numbers = "x" * (MAX_SIZE // 2 + 1), list(range(2_000))
    assert len(str(evaluate("context.s", scope(s=text)))) == len(text)
    for expression in ("context.s + context.s", "[context.s, context.s]", "context.l.map(x, context.l)"):
        with pytest.raises(ExpressionError, match=f"larger than {MAX_SIZE}"):
            evaluate(expression, scope(s=text, l=numbers))


def test_results_have_a_bound_in_depth() -> None:
    value: JSON = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    assert evaluate("context.v", scope(v=value)) == value
    with pytest.raises(ExpressionError, match="nested deeper"):
        evaluate("[context.v]", scope(v=value))


def test_nested_loops_run_out_of_their_budget() -> None:
    with pytest.raises(ExpressionError, match="budget"):
        evaluate("context.l.all(a, context.l.all(b, context.l.all(c, true)))", scope(l=list(range(1_000))))


def test_regular_expressions_take_linear_time() -> None:
    assert not holds("context.s.matches('^(a+)+$')", scope(s="a" * 100_000 + "b"))


def test_maps_come_back_in_the_same_order_in_every_process() -> None:
    """CEL itself shuffles them anew in each process, which would make two replays write different texts."""
    code = (
        "from orchestrator.statechart.expressions import Scope, evaluate, written\n"
        "keys = {letter: 1 for letter in 'qwertzuiopasdfg'}\n"
        "print(written(evaluate('context', Scope({'context': keys}))))"
    )
    texts = {subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) for _ in range(3)}
    assert texts == {written(dict.fromkeys(sorted("qwertzuiopasdfg"), 1)) + "\n"}


def test_reading_null_again_and_again_does_not_kill_the_process() -> None:
    """Before Python 3.12 the CEL package would free None."""
    code = (
        "from orchestrator.statechart.expressions import Scope, evaluate\n"
        "for _ in range(1000): evaluate('context', Scope({'context': {'nulls': [None] * 100}}))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True).returncode == 0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text("context.evnt[]{}()'+-1= ${}", max_size=40))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    check(text, boolean=True)
    check_template(text)
    for use in (evaluate, holds, render):
        assert len(str(refusal(ExpressionError, partial(use, text, scope(a=1))))) < 2 * MAX_LENGTH


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(TEXTS, JSON_VALUES, max_size=4), st.sampled_from(["context", "size(context)"]))
def test_any_json_can_be_read(context: dict[str, JSON], text: str) -> None:
    error = refusal(ExpressionError, lambda: evaluate(text, scope(**context)))
    assert error is None or "finite" in str(error)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("event.days <=", "1:14: Syntax error: it ends too early"),
        ("(1", "1:3: Syntax error: missing ')' at the end"),
        ("context.n == )", "1:14: Syntax error: mismatched input ')'"),
    ],
)
def test_a_syntax_error_names_its_place_and_not_all_tokens_of_the_language(expression: str, words: str) -> None:
    assert check(expression) == words
