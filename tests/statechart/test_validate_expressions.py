"""Expressions are checked against the types and names of the context, wherever they stand."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import validate
from tests.statechart.problems import codes, problems
from tests.statechart.support import Document, assign, call, document, on

SCHEMA: Document = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer"},
        "price": {"type": "number"},
        "name": {"type": "string"},
        "ok": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "order": {
            "type": "object",
            "properties": {"lines": {"type": "array"}, "total": {"type": "number"}},
            "additionalProperties": False,
        },
        "maybe": {"type": ["string", "null"]},
        "status": {"enum": ["new", "paid"]},
    },
}
END: Document = {"end": {"type": "final"}}


def guarded(guard: str, **more: Any) -> list[str]:
    """The codes of a chart with this one guard."""
    states = {"a": {"expectedWithin": "P1D", "on": [on("e", "end", guard=guard)]}, **END}
    return [code for code, _ in codes(states, **more)]


@pytest.mark.parametrize(
    "guard",
    [
        "context.amount > 'x'",
        "context.name + 1 == 'x'",
        "context.amount",
        "!context.name",
        "context.ok == 'true'",
        "context.order.total > 'x'",
        "context.amount in context.tags",
        "context.tags.exists(t, t > 1)",
        "context.name.total > 1",
        "context.status > 1",
        "context.price % 2 == 0",
        "has(context.name) && context.name > 1",
        "context.ok ? 'yes' : 'no'",
        "context.ok && context.amount",
    ],
)
def test_an_expression_that_does_not_fit_the_schema_is_an_error(guard: str) -> None:
    assert guarded(guard, contextSchema=SCHEMA) in (["type-error"], ["expression"])


@pytest.mark.parametrize(
    "guard",
    [
        "context.amount > 1.5 && context.price > 1 && context.amount == 2.0 && context.price != 3",
        "context.amount + context.price > 1.5 * context.amount",
        "(context.ok ? context.amount : 1.5) > 1",
        "context.name == null || null == context.order || context.amount != null",
        "has(context.name) && has(context.order.total)",
        "context.maybe == 'x' || context.maybe > 1",
        "context.order.lines[0].sku == 'x'",
        "context['amount'] == 'x'",
        "context.tags.exists(t, t == 'x') && 'y' in context.tags && size(context.tags) > context.amount",
        "context.status == event.status && event.amount == context.amount",
        "In('a') && context.ok",
        "timestamp(context.name) < now && now - timestamp(context.name) > duration('1h')",
        "context.name == 'has(context.name) null'",
        "context.tags.all(context, context == 'x')",
    ],
)
def test_what_json_allows_is_no_error_though_cel_itself_is_stricter(guard: str) -> None:
    assert guarded(guard, contextSchema=SCHEMA) == []


def test_the_message_is_in_words() -> None:
    states = {"a": {"expectedWithin": "P1D", "on": [on("e", "end", guard="context.amount > 'x'")]}, **END}
    (told,) = problems(states, contextSchema=SCHEMA)
    assert told.message == "The guard does not fit the context: “>” does not work on whole number and text."
    assert (told.severity, told.path) == ("error", "a/on/0/guard")


@pytest.mark.parametrize(
    ("to", "expr", "wrong"),
    [
        ("amount", "'x'", True),
        ("amount", "1", False),
        ("amount", "event.x", False),
        ("amount", "null", False),
        ("name", "1", True),
        ("context.order.total", "'x'", True),
        ("order", "[1]", True),
        ("tags", "[]", False),
        ("name", "now", False),
    ],
)
def test_what_is_assigned_must_fit_the_schema(to: str, expr: str, wrong: bool) -> None:
    states = {"a": {"expectedWithin": "P1D", "entry": [assign(to, expr)], "on": [on("e", "end")]}, **END}
    assert codes(states, contextSchema=SCHEMA) == ([("type-error", "a/entry")] if wrong else [])


def test_without_a_schema_initial_values_raise_a_doubt_until_something_else_is_put_there() -> None:
    assert guarded("context.n > 'x'", context={"n": 0}) == ["type-doubt"]
    assert guarded("context.n > 'x'", context={"n": None}) == []
    assert guarded("context.n > 'x'", context={"n": "${now}"}) == []
    assert guarded("context.n.m > 'x'", context={"n": {"m": 0}}) == ["type-doubt"]
    for writes in ({"entry": [assign("n", "'x'")]}, {"invoke": [call("c", result="n", retry={"maxAttempts": 2})]}):
        states = {"a": {"expectedWithin": "P1D", "on": [on("e", "end", guard="context.n > 'x'")], **writes}, **END}
        assert codes(states, context={"n": 0}) == []


def test_a_variable_is_known_only_where_it_is_given() -> None:
    mapped = call("c", map={"items": "context.l"}, input={"callable": "c", "args": {"i": "${item}", "n": "${index}"}})
    undone = {"kind": "python", "input": {"callable": "u", "args": {"of": "${result}"}}}

    def told(activity: Document) -> list[tuple[str, str]]:
        state = {"invoke": [{**activity, "retry": {"maxAttempts": 2}, "onDone": [{"target": "end"}]}]}
        return codes({"a": state, **END}, "error", context={"l": []})

    assert told(mapped) == []
    assert told({**mapped, "map": None}) == [("expression", "a/invoke/0/input")] * 2
    assert told(call("c", compensate=undone)) == []
    assert told(call("c", input={"callable": "c", "of": "${result}"})) == [("expression", "a/invoke/0/input")]
    assert told(call("c", map={"items": "size(context.l)"})) == [("expression", "a/invoke/0/map")]


def test_an_unknown_name_is_told_once_with_what_may_have_been_meant() -> None:
    state = {"expectedWithin": "P1D", "on": [on("e", "end", guard="context.amuont > 1 && context.amuont < 5")]}
    (told,) = problems({"a": state, **END}, context={"amount": 0})
    assert (told.code, told.path) == ("unknown-name", "a/on/0/guard")
    assert "Did you mean “amount”?" in told.fix


def test_a_name_is_known_once_anything_can_set_it() -> None:
    loop = {"type": "forEach", "items": "context.l", "item": "one", "index": "at", "actions": [assign("two", "1")]}
    sent = {"type": "send", "event": "e", "idTo": "three"}
    state = {
        "context": {"four": 0},
        "entry": [loop, sent],
        "invoke": [call("c", result="five", retry={"maxAttempts": 2}, idTo="six")],
    }
    names = ("l", "one", "at", "two", "three", "four", "five", "six", "seven")
    guard = " && ".join(f"context.{name} == context.{name}" for name in names)
    more: Document = {"context": {"l": []}, "contextSchema": {"properties": {"seven": {}}}}
    assert codes({"a": {**state, "expectedWithin": "P1D", "on": [on("e", "end", guard=guard)]}, **END}, **more) == []


def test_a_name_that_some_expression_asks_for_is_optional() -> None:
    assert guarded("has(context.extra) && context.extra > 1", context={"n": 0}) == []
    assert guarded("context.extra > 1", context={"n": 0}) == ["unknown-name"]
    assert guarded("context.extra > 1") == []
    assert guarded("event.context.extra == 'context.other'", context={"n": 0}) == []


def test_a_closed_schema_allows_no_other_names() -> None:
    assert guarded("context.order.totl > 1", contextSchema=SCHEMA) == ["unknown-property"]
    assert guarded("context.other > 1", contextSchema={**SCHEMA, "additionalProperties": False}) == ["unknown-property"]
    assert guarded("context.order.lines[0].other > 1", contextSchema=SCHEMA) == []
    assigned = {"a": {"expectedWithin": "P1D", "entry": [assign("order.totl", "1")], "on": [on("e", "end")]}, **END}
    assert codes(assigned, contextSchema=SCHEMA) == [("unknown-property", "a/entry")]


def test_a_state_that_is_asked_for_must_exist() -> None:
    assert guarded("In('b')") == ["unknown-state"]
    assert guarded("In('a' + event.state)") == []
    assert guarded("In('a') && !In(event.state) && event.text == \"In('b')\"") == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "decimal"},
        {"type": ["string", 3]},
        {"properties": []},
        {"properties": {"a": 3}},
        {"properties": {"a": {"items": {"type": "x"}}}},
        {"required": "a"},
        {"enum": {}},
        {"additionalProperties": "no"},
    ],
)
def test_a_schema_that_cannot_be_read_is_an_error_at_its_place(schema: Document) -> None:
    states = {"a": {"expectedWithin": "P1D", "on": [on("e", "end")]}, **END}
    assert [(code, path.split("/")[0]) for code, path in codes(states, contextSchema=schema)] == [
        ("schema", "contextSchema")
    ]


@pytest.mark.parametrize(
    ("context", "wrong"),
    [
        ({"amount": "1"}, True),
        ({"amount": 1.5}, True),
        ({"amount": None, "price": 1, "name": "${now}", "other": []}, False),
        ({"order": {"total": "x"}}, True),
        ({"order": {"more": 1}}, True),
        ({"status": "lost"}, True),
        ({"status": "new", "maybe": "x", "tags": ["a"]}, False),
    ],
)
def test_the_context_begins_as_its_schema_says(context: Document, wrong: bool) -> None:
    states = {"a": {"expectedWithin": "P1D", "on": [on("e", "end")]}, **END}
    told = codes(states, context=context, contextSchema=SCHEMA)
    assert told == ([("context-type", "context")] if wrong else [])


def test_actions_of_every_place_and_depth_are_checked() -> None:
    bad = assign("x", "1 +")
    deep: Document = {
        "type": "choose",
        "branches": [{"guard": "true", "actions": [{"type": "forEach", "items": "[1]", "actions": [bad]}]}],
    }
    state = {"initial": {"target": "b", "actions": [deep]}, "states": {"b": {}}, "on": [on("e", "end")]}
    made = document({"a": state, **END}, initial={"target": ["a"], "actions": [bad]})
    told = [found.path for found in validate(parse(made)) if found.code == "expression"]
    assert told == ["initial", "a/initial"]
    for action in (
        {"type": "choose", "branches": [{"guard": "1 +", "actions": []}]},
        {"type": "forEach", "items": "1", "actions": []},
        {"type": "raise", "event": "${1 +}"},
        {"type": "send", "event": "e", "id": "${1 +}"},
        {"type": "cancel", "id": "${1 +}"},
    ):
        assert ("expression", "a/entry") in codes({"a": {"entry": [action], "on": [on("e", "end")]}, **END})
    assert ("expression", "output") in [
        (found.code, found.field) for found in problems({"a": {"type": "final", "output": {"x": ["${1 +}"]}}})
    ]
    assert ("expression", "context") in codes(END, context={"x": "${1 +}"})
