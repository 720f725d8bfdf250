"""Transitions that compete for an event: shadowed ones, overlaps and gaps are told, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.statechart.problems import codes, problems
from tests.statechart.support import Document, assign, call, on

ENDS: Document = {"x": {"type": "final"}, "y": {"type": "final"}, "z": {"type": "final"}}
ABOUT = {"shadowed", "overlap", "gap", "impossible-guard", "catch-all"}


def events(*ways: Document, **more: Any) -> list[tuple[str, str]]:
    """Problems of a state with these transitions in `on`."""
    return [pair for pair in codes({"a": {"on": list(ways)}, **ENDS}, **more) if pair[0] in ABOUT]


def pair(one: str | None, other: str | None, kind: str = "on", **more: Any) -> list[str]:
    """Problems of two transitions with these guards."""
    ways = [{"target": "x", "guard": one}, {"target": "y", "guard": other}]
    if kind == "on":
        ways = [{"event": "e", **way} for way in ways]
    return [code for code, _ in codes({"a": {kind: ways}, **ENDS}, **more) if code in ABOUT]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("e", "e"), ("e", "e.f"), ("e.*", "e.f"), ("e.*", "e"), ("e", "e.*"), ("*", "e"), ("*", "*"), ("e.f", "e.f.g.h")],
)
def test_a_wider_event_shadows_a_narrower_one(earlier: str, later: str) -> None:
    assert ("shadowed", "a/on/1/guard") in events(on(earlier, "x"), on(later, "y"))


@pytest.mark.parametrize(("earlier", "later"), [("e.f", "e"), ("e", "ef"), ("e", "*"), ("e.f", "e.g")])
def test_a_narrower_event_shadows_nothing(earlier: str, later: str) -> None:
    assert "shadowed" not in [code for code, _ in events(on(earlier, "x"), on(later, "y"))]


def test_a_transition_with_several_events_is_shadowed_when_all_of_them_are() -> None:
    several = {"event": ["e", "f"], "target": "z"}
    assert events(on("e", "x"), several) == []
    assert events(on("e", "x"), on("f", "y"), several) == [("shadowed", "a/on/2/guard")]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("event.n > 5", "event.n > 7"),
        ("event.n > 5", "event.n >= 6"),
        ("event.n > 5", "event.n == 6"),
        ("event.n != 3", "event.n == 4"),
        ("event.n >= 1.5", "event.n > 1.5"),
        ("event.n > -2", "event.n > -1"),
        ("event.s == 'a'", "event.s == 'a' && event.n > 2"),
        ("event.s != 'a'", 'event.s == "b"'),
        ("!event.ok", "event.ok == false && event.n == 1"),
        ("event.n > 5 && size(event.l) > 0", "(event.n > 6) && (size( event.l ) > 0)"),
        ("true", "event.n > 5"),
    ],
)
def test_a_guard_shadows_a_narrower_one_behind_it_but_not_a_wider_one(wide: str, narrow: str) -> None:
    assert pair(wide, narrow) == ["shadowed"]
    assert pair(narrow, wide) == []


@pytest.mark.parametrize(
    ("one", "same"),
    [("event.n > 5", "5 < event.n"), ("event.ok", "event.ok == true"), ("event.a || event.b", "(event.a||event.b)")],
)
def test_a_guard_shadows_the_same_one_written_otherwise(one: str, same: str) -> None:
    assert pair(one, same) == pair(same, one) == ["shadowed"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("event.n > 5", "event.n > 4"),
        ("event.n > 5", "event.m > 5"),
        ("event.n > 5", "event.n <= 5"),
        ("event.n > 5", None),
        ("event.n > 5 && event.m > 1", "event.n > 6"),
        ("event.n > 5", "event.n > 6 || event.m > 1"),
        ("event.s == 'a'", "event.s == 'b'"),
        ("event.s < 'a'", "event.s > 'b'"),
        ("event.n > 0x10", "event.n > 5u"),
        ("event.n > event.m", "event.n < event.m"),
        ("event.n == 1", "event.n == '1'"),
        ("event.ok", "!event.ok"),
    ],
)
def test_guards_of_which_nothing_is_known_or_which_are_in_order_are_left_alone(one: str, other: str | None) -> None:
    assert pair(one, other) == []


def test_guards_that_overlap_are_told_with_a_value_for_which_both_hold() -> None:
    assert pair("event.n > 5", "event.n < 10") == ["overlap"]
    assert pair("event.s != 'a'", "event.s != 'b'") == ["overlap"]
    assert pair("event.n > 1", "event.n < 2", contextSchema={}) == ["overlap"]
    ways = [on("e", "x", guard="event.n > 5"), on("e", "y", guard="event.n < 10")]
    told = next(p for p in problems({"a": {"on": ways}, **ENDS}) if p.code == "overlap")
    assert told.message.startswith("When event.n is 6, ")


def test_an_overlap_that_leads_to_the_same_state_does_not_matter() -> None:
    assert events(on("e", "x", guard="event.n > 5"), on("e", "x", guard="event.n < 10")) == []


def test_a_single_value_between_two_bounds_was_forgotten() -> None:
    assert pair("event.n > 5", "event.n < 5") == ["gap"]
    assert pair("event.n > 5", "event.n < 4") == []
    assert pair("event.s == 'a'", "event.s == 'b'") == []
    assert events(on("e", "x", guard="event.n > 5")) == []


def test_an_automatic_choice_must_cover_every_value() -> None:
    assert pair("context.n > 5", "context.n < 4", "always", context={"n": 0}) == ["gap"]
    assert pair("context.s == 'a'", "context.s == 'b'", "always", context={"s": ""}) == ["gap"]
    assert pair("context.ok", "!context.ok", "always", context={"ok": True}) == []
    assert pair("context.n > 5", "context.n <= 5", "always", context={"n": 0}) == []
    assert pair("context.n > 5", None, "always", context={"n": 0}) == []
    waits = {"always": [{"guard": "context.n > 5", "target": "x"}, {"guard": "context.n < 4", "target": "y"}]}
    assert "gap" not in dict(codes({"a": {**waits, "on": [on("e", "z")]}, **ENDS}, context={"n": 0}))


def test_between_whole_numbers_there_is_nothing() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "r": {"type": "number"}}}
    more: Document = {"context": {"n": 0, "r": 0}, "contextSchema": schema}
    assert pair("context.n > 5", "context.n < 6", "always", **more) == []
    assert pair("context.r > 5", "context.r < 6", "always", **more) == ["overlap"]
    assert pair("context.n > 5", "context.n >= 6", **more) == ["shadowed"]
    assert pair("context.n > 5 && context.n < 6", None, **more) == ["impossible-guard"]
    assert pair("context.r > 5 && context.r < 6", None, **more) == []


@pytest.mark.parametrize("guard", ["event.n > 5 && event.n < 3", "event.s == 'a' && event.s == 'b'", "false"])
def test_a_guard_that_contradicts_itself_can_never_hold(guard: str) -> None:
    assert events(on("e", "x", guard=guard)) == [("impossible-guard", "a/on/0/guard")]


def test_everything_shadows_timeouts_and_results_too() -> None:
    state: Document = {"on": [on("*", "x")], "after": [{"delay": "PT1H", "target": "y"}]}
    told = dict(codes({"a": {**state, "invoke": [call("c", onDone=[{"target": "z"}])]}, **ENDS}, "warning"))
    assert told["catch-all"] == "a/on/0/event"
    assert ("shadowed", "a/after/0/guard") in codes({"a": state, **ENDS})
    assert ("shadowed", "a/invoke/0/onDone/0/guard") in codes(
        {"a": {**state, "invoke": [call("c", onDone=[{"target": "z"}])]}, **ENDS}
    )


def test_a_catch_all_may_follow_a_transition_for_failures() -> None:
    assert events(on("error", "x"), on("*", "y")) == []
    assert events(on("error.*", "x"), on("*", "y")) == []
    assert events(on("error.execution", "x"), on("*", "y")) == [("catch-all", "a/on/1/event")]
    assert events(on("*", "x", guard="event.n > 1")) == []


def test_the_shorter_of_two_timeouts_shadows_the_longer_one() -> None:
    def timeouts(*ways: Document) -> list[tuple[str, str]]:
        return codes({"a": {"after": list(ways)}, **ENDS})

    short, long = {"delay": "PT1H", "target": "x"}, {"delay": "PT2H", "target": "y"}
    assert ("shadowed", "a/after/1/delay") in timeouts(short, long)
    assert ("shadowed", "a/after/0/delay") in timeouts(long, short)
    for first in ({**short, "guard": "context.n > 1"}, {**short, "target": None, "actions": [assign("n", "1")]}):
        assert "shadowed" not in dict(timeouts(first, long))


def test_a_branch_behind_a_wider_one_is_never_taken() -> None:
    def branches(*guards: str | None) -> list[tuple[str, str]]:
        made = [{"guard": guard, "actions": [assign("n", "1")]} for guard in guards]
        entry = [{"type": "choose", "branches": made}]
        return [pair for pair in codes({"a": {"entry": entry, "on": [on("e", "x")]}, **ENDS}) if pair[0] in ABOUT]

    assert branches("context.n > 5", "context.n > 3", None) == []
    assert branches("context.n > 3", "context.n > 5", None) == [("shadowed", "a/entry")]
    assert branches("context.n > 3 && context.n < 2") == [("impossible-guard", "a/entry")]
