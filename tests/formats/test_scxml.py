"""SCXML as others write it: read as they meant it, with a note for all that is not as it was."""

from __future__ import annotations

import re

import pytest

from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Imported
from orchestrator.formats.scxml.ecmascript import Untranslatable, condition_to_cel, to_cel
from orchestrator.formats.scxml.reader import read
from orchestrator.formats.scxml.writer import write
from orchestrator.statechart.definition import Assign, Choose, Log, Send
from orchestrator.statechart.document import dump, parse


def scxml(body: str, **attributes: str) -> Imported:
    given = " ".join(f'{name}="{value}"' for name, value in {"datamodel": "ecmascript", **attributes}.items())
    return read(f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" {given}>{body}</scxml>')


@pytest.mark.parametrize(
    ("ecmascript", "cel"),
    [
        ("x", "context.x"),
        ("x === 5 && y !== 'a'", 'context.x == 5 && context.y != "a"'),
        ("_event.data.amount > 1.5", "event.amount > 1.5"),
        ("_event.name == 'go'", '_event.name == "go"'),
        ("{p1: 'v1', p2: [x, 2]}", '{"p1":"v1","p2":[context.x,2]}'),
        ("'b, x:' + x", '"b, x:" + string(context.x)'),
        ("Math.pow(i, 3)", "(context.i * context.i * context.i)"),
        ("typeof x === 'undefined'", "(!has(context.x) || context.x == null)"),
        ("typeof x !== 'undefined'", "!(!has(context.x) || context.x == null)"),
        ("'a' in _event.data", '"a" in event'),
        ("[].concat(a, [4])", "context.a + [4]"),
        ("x.length > _event.data.list.length", "size(context.x) > size(event.list)"),
        ("'x.length' + x.length", '"x.length" + string(size(context.x))'),
        ("In('s1') || !x", 'In("s1") || !context.x'),
        ("-1", "-1"),
        ("'it\\'s \\u0041'", '"it\'s A"'),
    ],
)
def test_a_small_expression_is_said_in_cel(ecmascript: str, cel: str) -> None:
    assert to_cel(ecmascript) == cel


def test_a_value_alone_is_true_unless_it_is_nothing() -> None:
    assert condition_to_cel("x") == "!(context.x in [null, false, 0, ''])"
    assert condition_to_cel("!x.y") == "(context.x.y in [null, false, 0, ''])"
    assert condition_to_cel("true") == "true"


@pytest.mark.parametrize(
    "text", ["", "function() { return 1 }", "new Date()", "x # y", "JSON.stringify(x)", "a instanceof B"]
)
def test_what_is_more_than_an_expression_is_not_translated(text: str) -> None:
    with pytest.raises(Untranslatable):
        to_cel(text)


def test_an_expression_that_cannot_be_translated_stays_and_is_noted_as_lost() -> None:
    found = scxml('<state id="a"><transition event="e" cond="new Date() &gt; 5" target="a"/></state>')
    assert found.chart.states["a"].transitions[0].guard == "new Date() > 5"
    assert [(note.kind, note.path) for note in found.notes] == [("lost", "states/a")]


def test_states_without_an_id_or_with_an_odd_one_get_keys() -> None:
    found = scxml('<state/><state id="a:b"><transition target="a:b"/></state><state id="ok"/>')
    assert list(found.chart.states) == ["state_1", "a_b", "ok"]
    assert found.chart.states["a_b"].transitions[0].targets == ("a_b",)
    assert [note.what for note in found.notes] == ["id"]


def test_executable_content_becomes_actions() -> None:
    body = """<state id="a"><onentry>
      <if cond="x == 1"><assign location="x" expr="x + 1"/><elseif cond="x == 2"/><log label="l" expr="x"/><else/>
      <script>x = 5; y += 2; z++</script></if>
      <send eventexpr="'e' + x" delay="1.5s" id="s" namelist="x"><param name="p" expr="1"/></send>
    </onentry></state>"""
    choose, sent = scxml(body).chart.states["a"].entry
    assert isinstance(choose, Choose)
    first, second, last = choose.branches
    assert (first.guard, first.actions) == ("context.x == 1", (Assign("x", "context.x + 1"),))
    assert second.actions == (Log("context.x", "l"),)
    assert last.actions == (Assign("x", "5"), Assign("y", "context.y + (2)"), Assign("z", "context.z + 1"))
    assert isinstance(sent, Send)
    assert (sent.event, sent.delay, sent.id) == ('${"e" + string(context.x)}', "PT1.5S", "s")
    assert sent.data == {"x": "${context.x}", "p": "${1}"}


def test_several_handlers_fail_each_on_its_own() -> None:
    body = '<state id="a"><onentry><log expr="1"/></onentry><onentry><log expr="2"/></onentry></state>'
    entry = dump(scxml(body).chart)["states"]["a"]["entry"]
    assert [block["type"] for block in entry] == ["block", "block"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<scxml><state id='a'></scxml>", "not well-formed"),
        ("<!DOCTYPE scxml><scxml/>", "DOCTYPE"),
        ("<scxml>" + "<state>" * 101, "nested deeper than 100"),
        ("<scxml><state id='a'/><state id='a'/></scxml>", "another state has the id"),
        ("<statemachine/>", "is this an SCXML document"),
        ("", "not well-formed"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as refusal:
        read(text)
    assert refusal.value.line >= 1
    assert refusal.value.column >= 1


def test_the_error_of_a_state_has_the_place_of_the_state() -> None:
    with pytest.raises(FormatError) as refusal:
        read(f"<scxml>\n <state id='a'/>\n  <state id='b'><transition event='{'e' * 300}'/></state></scxml>")
    assert (refusal.value.line, refusal.value.column) == (3, 3)


def test_nothing_is_fetched_and_what_was_named_is_noted() -> None:
    found = scxml('<datamodel><data id="x" src="file:///etc/passwd"/></datamodel><script src="http://x/y.js"/>')
    assert found.chart.context == {"x": None}
    assert [note.kind for note in found.notes] == ["lost", "lost"]


def test_timeouts_are_delayed_events_to_other_tools() -> None:
    chart = scxml('<state id="a"/>').chart
    document = dump(chart)
    document["states"]["a"]["after"] = [{"delay": "PT2H", "target": "a"}]
    text = write(parse(document)).text
    assert 'delay="2h"' in text
    assert "<cancel sendid=" in text


def test_a_function_that_cel_does_not_have_is_noted_as_lost() -> None:
    notes = scxml('<state id="a"><transition event="e" cond="x.indexOf(3) == 0" target="a"/></state>').notes
    assert [(note.kind, note.what) for note in notes] == [("lost", "expression")]
    assert "undeclared reference to 'indexOf'" in notes[0].message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("<scxml>\n<a/></b>", 2, "not well-formed XML: mismatched tag"),
        ("<?xml version='1.0'?>\n<!DOCTYPE x>\n<scxml/>", 2, "a document type (DOCTYPE) is not read"),
        ("<scxml>\n\n" + "<state>" * 101, 3, "elements are nested deeper than 100 levels"),
        ("<scxml>\n" + "<state/>" * 50_001, 2, "more than 50000 elements"),
        ('<?xml version="1.0" encoding="nowhere"?><scxml/>', 1, "not readable as XML: unknown encoding"),
    ],
)
def test_a_refusal_tells_its_line_and_what_to_mend(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError, match=re.escape(f": {words}")) as refused:
        read(text)
    assert refused.value.line == line


def test_what_is_a_value_already_is_one_in_the_context() -> None:
    data = "".join(
        f'<data id="{name}" expr="{expr}"/>' for name, expr in (("a", "0"), ("b", "[1, {p: 'x'}]"), ("c", "a+1"))
    )
    found = scxml(f'<datamodel>{data}</datamodel><state id="s"/>')
    assert found.chart.context == {"a": 0, "b": [1, {"p": "x"}], "c": "${context.a + 1}"}


def test_translated_expressions_are_one_note() -> None:
    found = scxml('<state id="s"><transition event="e" cond="x === 1"/><transition event="f" cond="y"/></state>')
    (note,) = found.notes
    assert note.message == "Expressions are in CEL: “x === 1” is now “context.x == 1”, and 1 more"
