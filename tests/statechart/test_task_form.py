"""The form of a human task: what can be shown, and which answers fit. What fits is stored and read back as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.task_form import LARGEST, AnswerError, Field, FormError, read_answer, read_form
from tests.statechart.problems import codes
from tests.statechart.support import Document, refusal

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name != "answeredBy")
LINES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": LINES,
    "number": st.integers(-LARGEST, LARGEST) | st.floats(-1e9, 1e9),
    "boolean": st.booleans(),
    "date": st.dates().map(lambda day: day.isoformat()),
}


@st.composite
def answered_forms(draw: st.DrawFn) -> tuple[list[JSON], dict[str, Any]]:
    """A form and an answer that fits it."""
    form, answer = list[JSON](), dict[str, Any]()
    for name in draw(st.lists(NAMES, max_size=6, unique=True)):
        kind = draw(st.sampled_from([*VALUES, "choice"]))
        field: dict[str, Any] = {"name": name, "type": kind, "required": draw(st.booleans())}
        if kind == "choice":
            field["options"] = draw(st.lists(LINES, min_size=1, max_size=4))
        value = draw(st.sampled_from(field["options"]) if kind == "choice" else VALUES[kind])
        if draw(st.booleans()):
            field["default"] = value
        form.append(field)
        if field["required"] or draw(st.booleans()):
            answer[name] = value
    return form, answer


@given(answered_forms())
def test_an_answer_that_fits_is_kept_as_it_is(pair: tuple[list[JSON], dict[str, Any]]) -> None:
    form, answer = pair
    fields = read_form(form)
    kept = read_answer(fields, json.loads(json.dumps(answer)))
    assert kept == {field.name: answer.get(field.name) for field in fields}
    assert read_answer(fields, kept) == kept


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    JSON_VALUES
    | st.lists(st.fixed_dictionaries({"name": NAMES, "type": JSON_VALUES}, optional={"default": JSON_VALUES}))
)
def test_every_other_form_is_refused_in_a_sentence(form: JSON) -> None:
    refused = refusal(FormError, lambda: read_form(form))
    assert str(refused) if refused else all(isinstance(field, Field) for field in read_form(form))


@given(answered_forms(), st.dictionaries(NAMES, JSON_VALUES, max_size=4))
def test_every_other_answer_is_refused_and_names_its_field(
    pair: tuple[list[JSON], dict[str, Any]], answer: dict[str, JSON]
) -> None:
    fields = read_form(pair[0])
    refused = refusal(AnswerError, lambda: read_answer(fields, answer))
    assert refused.field and refused.message if refused else json.dumps(read_answer(fields, answer), allow_nan=False)


@pytest.mark.parametrize(
    "form",
    [
        "fields",
        [1],
        [{}],
        [{"name": "a b"}],
        [{"name": "answeredBy"}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "type": "file"}],
        [{"name": "a", "colour": "red"}],
        [{"name": "a", "required": "yes"}],
        [{"name": "a", "label": "x\ny"}],
        [{"name": "a", "type": "choice"}],
        [{"name": "a", "type": "choice", "options": "a, b"}],
        [{"name": "a", "options": ["x"]}],
        [{"name": "a", "type": "number", "default": "3"}],
        [{"name": f"f{number}"} for number in range(31)],
    ],
)
def test_a_chart_with_such_a_form_is_not_published(form: JSON) -> None:
    with pytest.raises(FormError):
        read_form(form)
    assert ("task-form", "a/invoke/0/input") in told({"form": form})


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        "${context.fields}",
        [{"name": "a", "type": "choice", "options": "${context.options}"}],
        [{"name": "a", "type": "number", "default": "${context.amount}"}],
        [{"name": "a", "type": "choice", "options": "${context.options}", "default": "x"}],
    ],
)
def test_what_is_computed_is_judged_when_it_is_known(form: JSON) -> None:
    assert told({"form": form}) == []


def told(given: Document, **more: Any) -> list[tuple[str, str]]:
    task = {"id": "ask", "kind": "human", "title": "Ask", "input": {"group": "g", "due": "PT1H", **given}}
    state = {"invoke": [{**task, "onDone": [{"target": "end"}]}], **more}
    known: Document = {"fields": None, "options": None, "amount": None}
    return codes({"a": state, "end": {"type": "final"}}, context=known)


def test_a_task_needs_somebody_who_sees_it() -> None:
    assert told({"group": ""}) == [("missing-input", "a/invoke/0/input")]
    assert told({"group": "", "assignee": "${context.who}"}) == [("unknown-name", "a/invoke/0/input")]


def test_a_task_has_a_due_time_instead_of_a_timeout() -> None:
    later = {"after": [{"delay": "PT30M", "target": "end"}]}
    assert told({"due": None}) == [("no-timeout", "a/expectedWithin")]
    assert told({"due": None}, **later) == []
    assert told({}, **later) == [("expected-over-timeout", "a/invoke/0/input")]
    assert told({"due": "P1Y"}) == [("duration", "a/invoke/0/input")]


def test_the_timeout_of_an_attempt_and_retries_mean_nothing_to_a_person() -> None:
    task = {"id": "ask", "kind": "human", "title": "Ask", "timeout": "P9D", "input": {"group": "g", "due": "PT1H"}}
    again = {**task, "onDone": [{"guard": "event.ok", "target": "end"}, {"target": "b"}]}
    back = {**task, "id": "mend", "onDone": [{"target": "a"}]}
    assert codes({"a": {"invoke": [again]}, "b": {"invoke": [back]}, "end": {"type": "final"}}) == []
