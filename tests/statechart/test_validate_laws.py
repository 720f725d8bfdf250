"""What holds for the problems of every chart, however random or hostile it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.checks import guards
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.expressions import ENVIRONMENT
from orchestrator.statechart.structure import structure_of
from orchestrator.statechart.validate import Problem, examine, validate
from tests.effort import examples
from tests.statechart.charts import Walk, made_by, random_course, walked
from tests.statechart.support import Document, refusal
from tests.statechart.test_document import FULL
from tests.statechart.test_fuzz import ANYTHING

SEEDS = st.integers(0, 2**32 - 1)
EXTRAS: tuple[Document, ...] = (
    {"type": "choose", "branches": [{"guard": "context.n > 1", "actions": []}, {"guard": "context.n > 2"}]},
    {"type": "forEach", "items": "context.l", "item": "one", "actions": [{"type": "log", "expr": "context.one"}]},
    {"type": "raise", "event": "error.mine"},
    {"type": "send", "event": "e", "target": "#_parent"},
    {"type": "assign", "to": "m", "expr": "context.k + 1"},
)
SCHEMAS: tuple[Document, ...] = (
    {},
    {"properties": {"n": {"type": "string"}, "l": {"type": "array"}}},
    {"properties": {"n": {"type": "integer"}}, "additionalProperties": False},
)
TASKS: Document = {
    "one": {"kind": "python", "input": {"callable": "c"}},
    "two": {"kind": "http", "input": {"url": "${1 +}"}, "after": "one", "map": {"items": "context.l"}},
}


def enriched(seed: int) -> Document:
    """A random chart with what the random walks leave out."""
    numbers = Random(seed)
    made = made_by(numbers.choice)
    for state in [held for _, held in _all(made["states"]) if held["type"] in ("atomic", "compound", "parallel")]:
        state["entry"] = [*state.get("entry", []), *numbers.sample(EXTRAS, numbers.choice((0, 0, 1, 2)))]
    limits = numbers.choice(({}, {"maxConcurrency": 1}, {"toleratedFailures": 1, "maxConcurrency": 2}))
    made["states"]["dag"] = {"tasks": TASKS, **limits, "onDone": [{"target": numbers.choice(list(made["states"]))}]}
    child = {"id": "child", "kind": "chart", "chart": made_by(numbers.choice)}
    made["states"]["parent"] = {"invoke": [child], "owner": "Ops", "output": numbers.choice((None, "${1 +}"))}
    codes = ("no-timeout", "unreachable", "unknown-target", "shadowed")
    silence = [{"code": code, "reason": "So be it."} for code in numbers.sample(codes, numbers.choice((0, 1, 2)))]
    return {**made, "contextSchema": numbers.choice(SCHEMAS), "silence": silence}


def _all(states: Document) -> Iterator[tuple[str, Document]]:
    for key, state in states.items():
        yield key, state
        yield from _all(state.get("states", {}))


def exists(document: Document, path: str) -> bool:
    """Whether a path leads to a place in the document; the last key may be one which is missing there."""
    first, *rest = path.split("/")
    states = dict(_all(document["states"]))
    holder: Any = states.get(first, document)
    for key in rest if first in states else [first, *rest]:
        if isinstance(holder, dict) and "signalbox" in holder and holder is not document:
            return exists(holder, "/".join(path.split("/chart/", 1)[1:]))
        if not isinstance(holder, dict | list):
            return False
        holder = holder[int(key)] if isinstance(holder, list) else holder.get(key)
    return True


@settings(max_examples=examples(5_000), deadline=None)
@given(SEEDS)
def test_every_problem_lies_in_the_document_and_says_what_to_do(seed: int) -> None:
    made = enriched(seed)
    problems = validate(parse(made))
    for found in problems:
        assert exists(made, found.path), found.path
        assert found.message
        assert found.fix.endswith((".", "?"))
        assert found.state is None or found.state in dict(_all(made["states"]))


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_problems_are_the_same_each_time(seed: int) -> None:
    made = enriched(seed)
    assert validate(parse(made)) == validate(parse(json.loads(json.dumps(made))))


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_silences_divide_the_problems_and_lose_none(seed: int) -> None:
    made = enriched(seed)
    examined = examine(parse(made))
    loud = validate(parse({**made, "silence": []}))
    kept = [*examined.problems, *(one.problem for one in examined.silenced)]
    assert _counted(loud) == _counted([found for found in kept if not found.code.startswith("silence-")])
    assert all(one.problem.severity == "warning" for one in examined.silenced)


def _counted(problems: list[Problem]) -> list[tuple[str, str, str]]:
    return sorted((found.code, found.path, found.message) for found in problems)


@settings(max_examples=examples(500), deadline=None)
@given(SEEDS)
def test_what_a_random_walk_does_was_never_called_impossible(seed: int) -> None:
    """No state is entered that was said to be unreachable, and no transition fires that was said to be shadowed."""
    made, steps = random_course(seed, 30)
    chart = parse(made)
    problems = validate(chart)
    lost = {found.ref for found in problems if found.code == "unreachable"}
    lost |= {key for key, above in structure_of(chart).ancestors.items() if lost.intersection(above)}
    never = {found.ref for found in problems if found.code in ("shadowed", "impossible-guard")}
    never -= {found.ref for found in problems if found.field == "delay"}  # a walk lets timers fire in any order

    def check(walk: Walk) -> None:
        for microstep in walk.step.microsteps:
            assert lost.isdisjoint(microstep.entered)
            assert never.isdisjoint(microstep.transitions)

    walked(made, steps, check)


CONSTANTS = {"n": ("0", "1", "1.5", "2", "-1"), "m": ("0", "1"), "s": ("'a'", "'b'"), "ok": ("true", "false")}
ORDERED, EQUAL = ("<", "<=", ">", ">=", "==", "!="), ("==", "!=")
VALUES: dict[str, tuple[Any, ...]] = {
    "n": (-2, -1, -0.5, 0, 0.5, 1, 1.25, 1.5, 1.75, 2, 3),
    "m": (-1, 0, 0.5, 1, 2),
    "s": ("a", "b", "c"),
    "ok": (True, False),
}


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(CONSTANTS)))
    op = draw(st.sampled_from(ORDERED if name in "nm" else EQUAL))
    sides = [f"context.{name}", op, draw(st.sampled_from(CONSTANTS[name]))]
    if draw(st.booleans()):
        sides = [sides[2], guards.TURNED[op], sides[0]]
    written = " ".join(sides)
    return f"({written})" if draw(st.booleans()) else written


GUARDS = st.lists(comparisons() | st.sampled_from(["context.ok", "!context.ok", "true"]), min_size=1, max_size=3).map(
    " && ".join
)
CONTEXTS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


def holds(guard: str, context: dict[str, Any]) -> bool:
    """What CEL itself says."""
    value = ENVIRONMENT.compile(guard).eval(data={"context": context})
    assert value.type() == cel.Type.BOOL
    return bool(value.value())


@settings(max_examples=examples(500), deadline=None)
@given(GUARDS, GUARDS, st.lists(CONTEXTS, min_size=10, max_size=10))
def test_what_guards_say_of_one_another_is_what_cel_says_of_every_value(
    one: str, other: str, contexts: list[dict[str, Any]]
) -> None:
    first, second = guards.read(one), guards.read(other)
    for context in contexts:
        if not guards.possible(first):
            assert not holds(one, context)
        if guards.implies(first, second) and holds(one, context):
            assert holds(other, context)


@settings(max_examples=300, deadline=None)
@given(comparisons(), comparisons())
def test_a_guard_implies_another_on_the_same_path_exactly_when_every_value_does(one: str, other: str) -> None:
    first, second = guards.read(one), guards.read(other)
    path = guards.only_path((first, second))
    if path is None:
        return
    name = path.removeprefix("context.")
    every = [{name: value} for value in VALUES[name]]
    assert guards.implies(first, second) == all(holds(other, context) for context in every if holds(one, context))


HOSTILE = (
    ANYTHING
    | st.sampled_from(
        ["((((", "context.", "In('", "has(", "'", "a" * 2_001, "${${1}}", "context.a.b.c == 1e999", "//", "\\"]
    )
    | st.recursive(
        st.sampled_from(["string", "integer", "x", None, True]),
        lambda inner: st.dictionaries(st.sampled_from(["type", "properties", "items", "enum", "a"]), inner, max_size=3),
        max_leaves=8,
    )
)
WHOLE: Document = {
    **FULL,
    "contextSchema": {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}},
    "silence": [{"code": "no-timeout", "path": "work", "reason": "So be it."}],
    "states": {
        **FULL["states"],
        "dag": {"tasks": TASKS, "maxConcurrency": 1, "toleratedFailures": 1},
        "busy": {"entry": list(EXTRAS)},
    },
}


@settings(max_examples=examples(1_500), deadline=None)
@given(st.data())
def test_a_document_with_any_one_place_spoilt_is_examined_or_refused(data: st.DataObject) -> None:
    spoilt: Any = json.loads(json.dumps(WHOLE))
    holder, key = spoilt, data.draw(st.sampled_from(list(spoilt)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(HOSTILE)
    error = refusal(DocumentError, lambda: parse(spoilt))
    if error is None:
        assert validate(parse(spoilt)) == validate(parse(spoilt))
