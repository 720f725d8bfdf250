"""Snapshots round-trip through JSON, hold no more than they must, and refuse what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.snapshot import Fan, Snapshot, Undoable, from_json, to_json
from tests.statechart.support import Driver, call, on, refusal, undo

WORDS = st.text(max_size=6)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]))
FANS = st.builds(
    Fan,
    items=st.lists(JSON_VALUES, max_size=2).map(tuple),
    results=st.lists(JSON_VALUES, max_size=2).map(tuple),
    ended=st.lists(st.booleans(), max_size=2).map(tuple),
    running=st.dictionaries(WORDS, st.integers(0, 9), max_size=2),
    failed=st.lists(st.integers(0, 9), max_size=2).map(tuple),
    begun=st.integers(0, 9),
)
SNAPSHOTS = st.builds(
    Snapshot,
    configuration=st.lists(WORDS, max_size=3).map(tuple),
    context=st.dictionaries(WORDS, JSON_VALUES, max_size=3),
    history=st.dictionaries(WORDS, st.lists(WORDS, max_size=2).map(tuple), max_size=2),
    entered=st.dictionaries(WORDS, TIMES, max_size=2),
    invocations=st.dictionaries(WORDS, WORDS, max_size=2),
    suspended=st.lists(WORDS, max_size=2).map(tuple),
    fired=st.lists(WORDS, max_size=2).map(tuple),
    undoables=st.lists(st.builds(Undoable, WORDS, WORDS, JSON_VALUES), max_size=2).map(tuple),
    compensating=st.none() | st.text(min_size=1, max_size=5),
    counter=st.integers(0, 2**40),
    status=st.sampled_from(["running", "completed", "failed", "compensating", "compensated", "cancelled"]),
    fans=st.dictionaries(WORDS, FANS, max_size=1),
    bound=st.lists(WORDS, max_size=2).map(tuple),
    output=JSON_VALUES,
)


@settings(max_examples=300, deadline=None)
@given(SNAPSHOTS)
def test_a_snapshot_comes_back_from_its_text(snapshot: Snapshot) -> None:
    text = to_json(snapshot)
    assert from_json(text) == snapshot
    assert to_json(from_json(text)) == text
    text.encode()  # PostgreSQL stores no half of a surrogate pair


def test_an_empty_snapshot_is_short() -> None:
    assert to_json(Snapshot()) == '{"status":"running"}'
    assert from_json("{}") == Snapshot()


def test_any_kind_of_mapping_can_be_written() -> None:
    nested: Any = MappingProxyType({"a": MappingProxyType({"b": [1]})})
    assert from_json(to_json(Snapshot(context=nested))).context == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "5",
        '"running"',
        '{"configuration": 5}',
        '{"history": []}',
        '{"history": {"a": 5}}',
        '{"entered": {"a": "yesterday"}}',
        '{"entered": {"a": 5}}',
        '{"undoables": [[1]]}',
        '{"undoables": [5]}',
        "[" * 100_000,
        '{"counter": ' + "1" * 5_000 + "}",
    ],
    ids=range(14),
)
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


@settings(max_examples=200, deadline=None)
@given(st.text() | st.dictionaries(st.sampled_from(list(Snapshot._fields)), JSON_VALUES).map(json.dumps))
def test_any_text_is_a_snapshot_or_a_value_error(text: str) -> None:
    assert refusal(ValueError, lambda: from_json(text)) or isinstance(from_json(text), Snapshot)


def test_a_snapshot_does_not_grow_with_the_age_of_its_instance() -> None:
    """A machine that goes round for years: states, history, timers, activities and failures leave nothing behind."""
    never = [{"delay": "PT1H", "guard": "false", "target": "c"}]
    inner = {
        "b": {"invoke": [call("work")], "on": [on("next", "c")], "after": never},
        "c": {"on": [on("next", "b")], "entry": [{"type": "send", "event": "x", "delay": "PT1S"}]},
        "h": {"type": "history"},
    }
    states = {"a": {"initial": "b", "states": inner, "on": [on("out", "z")]}, "z": {"on": [on("back", "h")]}}
    run = Driver(states)
    sizes = []
    for _ in range(50):
        run.wait(hours=2).failure("work").resume().send("next").send("out").send("back").send("next")
        sizes.append(len(to_json(run.step.snapshot)))
    assert max(sizes) - min(sizes) < 10  # the digits of the counter and of the times
    assert len(run.timers) <= 3


def test_only_what_can_still_be_undone_is_kept() -> None:
    booking = {"invoke": [call("book", compensate=undo("book"), onDone=[{"target": "b"}])]}
    states = {"a": booking, "b": {"entry": [{"type": "compensate"}], "on": [on("done.compensate", "c")]}}
    run = Driver({**states, "c": {"on": [on("again", "a")]}})
    for n in range(3):
        assert len(run.answer("book", n).snapshot.undoables) == 1
        assert run.answer("undo_book").send("again").snapshot.undoables == ()


def test_entry_times_keep_their_instant_and_the_snapshot_its_order() -> None:
    at = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    snapshot = Snapshot(configuration=("b", "a"), entered={"b": at}, invocations={"z": "z.1", "a": "a.2"})
    again = from_json(to_json(snapshot))
    assert again.entered["b"] == at
    assert list(again.invocations) == ["z", "a"]
    assert again.configuration == ("b", "a")
