"""A reader's schema that is said to accept a writer's really takes every value of it."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.choreography.compatibility import accepts, reasons

Schema = dict[str, Any] | bool
NAMES = ("a", "b")
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 2.5, "", "x", "xyz"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
TYPES = st.sampled_from(["null", "boolean", "object", "array", "number", "string", "integer"])
RULES: dict[str, st.SearchStrategy[Any]] = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": st.integers(0, 2),
    "maximum": st.integers(0, 2),
    "exclusiveMinimum": st.integers(0, 2),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "minItems": st.integers(0, 2),
    "maxProperties": st.integers(0, 2),
    "required": st.lists(st.sampled_from(NAMES), unique=True),
    "pattern": st.sampled_from(["^x", "y"]),
    "uniqueItems": st.booleans(),
    "minContains": st.integers(0, 1),
    "title": st.sampled_from(["one", "two"]),
}
NESTED: dict[str, Any] = {
    "properties": lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    "additionalProperties": lambda inner: inner,
    "items": lambda inner: inner,
    "prefixItems": lambda inner: st.lists(inner, min_size=1, max_size=2),
    "patternProperties": lambda inner: st.dictionaries(st.just("^a"), inner, max_size=1),
    "contains": lambda inner: inner,
    "not": lambda inner: inner,
    "anyOf": lambda inner: st.lists(inner, min_size=1, max_size=2),
    "unevaluatedProperties": lambda inner: inner,
}


def schemas(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    rules = {**RULES, **{name: make(inner) for name, make in NESTED.items()}}
    names = st.lists(st.sampled_from(sorted(rules)), max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: rules[name] for name in chosen}))


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=4)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """Two schemas, mostly one and a change of it: unlike ones seldom go together."""
    one = draw(SCHEMAS)
    if isinstance(one, bool) or draw(st.booleans()):
        return one, draw(SCHEMAS)
    more = draw(SCHEMAS)
    dropped = draw(st.sets(st.sampled_from(sorted(one)))) if one else set()
    kept = {name: rule for name, rule in one.items() if name not in dropped}
    return one, {**kept, **(more if isinstance(more, dict) else {})}


def valid(schema: Schema, value: object) -> bool:
    return jsonschema_rs.validator_for(schema, validate_formats=False).is_valid(value)


@given(pairs(), st.lists(VALUES, min_size=1, max_size=8))
def test_what_is_accepted_is_valid_for_the_reader(pair: tuple[Schema, Schema], values: list[Any]) -> None:
    for reader, writer in (pair, pair[::-1]):
        if not list(accepts(reader, writer)):
            assert [value for value in values if valid(writer, value) and not valid(reader, value)] == []


@given(SCHEMAS)
def test_a_schema_goes_with_itself_and_with_what_admits_everything(schema: Schema) -> None:
    assert reasons("full", schema, schema) == []
    assert reasons("backward", schema, True) == []


ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "total": {"type": "number", "minimum": 0}},
}


def changed(**rules: Any) -> dict[str, Any]:
    return {**ORDER, **rules}


def with_property(name: str, schema: Schema) -> dict[str, Any]:
    return changed(properties={**ORDER["properties"], name: schema})


@pytest.mark.parametrize(
    ("new", "backward", "forward"),
    [
        (changed(title="Order"), True, True),
        (changed(required=[]), True, False),
        (changed(required=["id", "total"]), False, True),
        (with_property("total", {"type": "integer", "minimum": 0}), False, True),
        (with_property("total", {"type": ["number", "null"]}), True, False),
        (with_property("total", {"type": "number", "minimum": 1}), False, True),
        (with_property("id", {"enum": ["x", "y"]}), False, True),
        (with_property("note", {"type": "string"}), False, True),
        (changed(additionalProperties=False), False, True),
        (changed(type=["object", "null"]), True, False),
        (with_property("id", {"type": "string", "pattern": "^x"}), False, True),
    ],
)
def test_usual_changes_go_in_the_direction_one_expects(new: Schema, backward: bool, forward: bool) -> None:
    found = {mode: reasons(mode, ORDER, new) == [] for mode in ("backward", "forward", "full", "none")}
    assert found == {"backward": backward, "forward": forward, "full": backward and forward, "none": True}


def test_a_reason_names_the_place_and_what_is_wrong_there() -> None:
    assert reasons("backward", ORDER, changed(required=["id", "total"])) == [
        "backward: data.total is required, but may be missing"
    ]


def test_schemas_deeper_than_can_be_compared_are_told_apart() -> None:
    deep: Schema = {"type": "string"}
    other: Schema = {"type": "string", "maxLength": 5}
    for _ in range(60):
        deep, other = {"items": deep}, {"items": other}
    assert "nested deeper" in reasons("backward", deep, other)[0]
