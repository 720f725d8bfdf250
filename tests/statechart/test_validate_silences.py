"""Warnings are silenced with a reason, at a place and below it; errors never are."""

from __future__ import annotations

from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import Examined, examine, validate
from tests.statechart.support import Document, document, on

INNER: Document = {"initial": "b", "states": {"b": {"on": [on("e", "end")]}}}
STATES: Document = {"a": {**INNER, "on": [on("f", "w")]}, "w": {"on": [on("e", "end")]}, "end": {"type": "final"}}


def examined(*silences: Document, states: Document = STATES) -> Examined:
    named = [{"reason": "They may wait.", **silence} for silence in silences]
    return examine(parse(document(states, silence=named)))


def left(*silences: Document, states: Document = STATES) -> list[tuple[str, str]]:
    return [(found.code, found.path) for found in examined(*silences, states=states).problems]


def test_without_silences_every_warning_is_left() -> None:
    assert left() == [("no-timeout", "b/expectedWithin"), ("no-timeout", "w/expectedWithin")]


def test_a_silence_covers_the_chart_or_a_path_and_all_below_it() -> None:
    assert left({"code": "no-timeout"}) == []
    assert left({"code": "no-timeout", "path": "w"}) == [("no-timeout", "b/expectedWithin")]
    assert left({"code": "no-timeout", "path": "b/expectedWithin"}) == [("no-timeout", "w/expectedWithin")]
    assert left({"code": "no-timeout", "path": "a"}) == [("no-timeout", "w/expectedWithin")]


def test_a_path_is_no_prefix_of_letters() -> None:
    states = {"w": {"on": [on("e", "ww")]}, "ww": {"on": [on("e", "end")]}, "end": {"type": "final"}}
    assert left({"code": "no-timeout", "path": "w"}, states=states) == [("no-timeout", "ww/expectedWithin")]


def test_what_is_silenced_is_kept_with_its_reason() -> None:
    chart = parse(document(STATES, silence=[{"code": "no-timeout", "path": "w", "reason": "A person waits."}]))
    kept = examine(chart).silenced
    assert [(one.problem.path, one.reason) for one in kept] == [("w/expectedWithin", "A person waits.")]
    assert validate(chart) == list(examine(chart).problems)


def test_an_error_is_never_silenced_and_whoever_tries_is_told() -> None:
    states = {"a": {"on": [on("e", "nowhere")]}}
    assert left({"code": "unknown-target"}, states=states) == [
        ("unknown-target", "a/on/0/target"),
        ("silence-error", "silence/0"),
    ]


def test_a_silence_for_nothing_is_told_and_cannot_itself_be_silenced() -> None:
    assert ("silence-unused", "silence/0") in left({"code": "no-timeout", "path": "x"})
    assert ("silence-unused", "silence/0") in left({"code": "no-such-code"})
    assert ("silence-unused", "silence/0") in left({"code": "silence-unused"})
    both = left({"code": "no-timeout"}, {"code": "no-timeout", "path": "w"})
    assert both == [("silence-unused", "silence/1")]


def test_a_child_silences_for_itself() -> None:
    waits = {"w": {"on": [on("e", "end")]}, "end": {"type": "final"}}
    child = document(waits, silence=[{"code": "no-timeout", "reason": "The parent waits no longer."}])
    states = {
        "a": {"expectedWithin": "P1D", "invoke": [{"id": "c", "kind": "chart", "chart": child}], "on": [on("e", "end")]}
    }
    found = examined(states={**states, "end": {"type": "final"}})
    assert found.problems == ()
    assert [one.problem.path for one in found.silenced] == ["a/invoke/0/chart/w/expectedWithin"]
