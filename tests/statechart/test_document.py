"""Documents: what can be read, what is refused and where, and that reading and writing are inverse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.statechart.definition import Activity, Compensation, Retry, Send, Transition
from orchestrator.statechart.document import MAX_NESTING, MAX_STATES, DocumentError, content_hash, dump, loads, parse
from orchestrator.statechart.reading import MAX_BYTES, MAX_DEPTH, MAX_ITEMS
from tests.statechart.support import Document, document, on

FULL: Document = document(
    {
        "work": {
            "title": "At work",
            "description": "All that a state may have.",
            "initial": "first",
            "entry": [{"type": "assign", "to": "a.b", "expr": "1"}, {"type": "compensate"}],
            "exit": [{"type": "log", "expr": "'left'"}, {"type": "cancel", "id": "later"}],
            "on": [
                on("go", ["last"], guard="context.a > 1", internal=True, meta={"x": [1, None]}),
                on("stay", actions=[{"type": "raise", "event": "r", "data": {"k": "${1}"}}]),
                {"event": ["b", "c.*"], "target": "end"},
            ],
            "after": [{"delay": "PT1H", "target": "end"}, {"delay": "${context.wait}", "target": "end"}],
            "always": [{"guard": "false", "target": "end"}],
            "onDone": [{"target": "end"}],
            "expectedWithin": "P2D",
            "meta": {"x": 0, "y": False, "z": ""},
            "invoke": [
                {
                    "id": "pay",
                    "kind": "http",
                    "title": "Pay",
                    "input": {"url": "https://example.com", "body": {"n": 0}},
                    "result": "paid",
                    "timeout": "PT5S",
                    "retry": {"maxAttempts": 3, "interval": "PT2S", "backoff": 1.5, "jitter": False, "errors": ["E"]},
                    "idempotencyKey": "${instance.key}",
                    "onDone": [{"target": "end"}, {"actions": [{"type": "log", "expr": "1"}]}],
                    "onFailure": {"policy": "catch", "target": "end", "guard": "true"},
                    "compensate": {
                        "kind": "http",
                        "title": "Refund",
                        "input": {"url": "u"},
                        "retry": {"backoff": 3},
                    },
                },
                {"kind": "email", "onFailure": {"policy": "skip"}},
            ],
            "states": {
                "first": {"on": [on("next", "last")]},
                "last": {"type": "final"},
                "was": {"type": "history", "always": [{"target": "first"}]},
                "deep": {"type": "history", "history": "deep"},
            },
        },
        "both": {"type": "parallel", "states": {"one": {}, "two": {"title": "2"}}},
        "end": {"type": "final", "entry": [{"type": "send", "event": "x", "delay": "PT1S", "id": "later"}]},
    },
    title="All of it",
    description="Everything once.",
    context={"n": 0, "f": False, "none": None, "list": []},
    meta={"colour": ""},
)


def activities() -> tuple[Activity, ...]:
    return parse(FULL).states["work"].activities


def test_states_are_flat_and_in_document_order() -> None:
    chart = parse(FULL)
    assert list(chart.states) == ["work", "first", "last", "was", "deep", "both", "one", "two", "end"]
    assert chart.roots == ("work", "both", "end")
    assert chart.states["work"].children == ("first", "last", "was", "deep")
    assert [chart.states[key].type for key in ("work", "first", "both", "was")] == [
        "compound",
        "atomic",
        "parallel",
        "history",
    ]
    assert (chart.states["was"].history, chart.states["deep"].history) == ("shallow", "deep")


def test_every_way_out_is_a_transition_with_an_event_in_document_order() -> None:
    ways = parse(FULL).states["work"].transitions
    assert [(way.ref, way.kind, way.events) for way in ways] == [
        ("work/on/0", "on", ("go",)),
        ("work/on/1", "on", ("stay",)),
        ("work/on/2", "on", ("b", "c.*")),
        ("work/after/0", "after", ("after.work/after/0",)),
        ("work/after/1", "after", ("after.work/after/1",)),
        ("work/always/0", "always", ()),
        ("work/onDone/0", "done", ("done.state.work",)),
        ("work/invoke/0/onDone/0", "activity-done", ("done.invoke.pay",)),
        ("work/invoke/0/onDone/1", "activity-done", ("done.invoke.pay",)),
        ("work/invoke/0/onFailure", "activity-error", ("error.invoke.pay",)),
    ]
    assert isinstance(parse(FULL).transition("work/after/1"), Transition)
    assert parse(FULL).transition("nowhere/on/0") is None


def test_activities_have_their_policies_and_defaults() -> None:
    pay, mail = activities()
    assert pay.retry == Retry(3, "PT2S", 1.5, "PT1H", False, ("E",))
    assert pay.compensation == Compensation("http", "Refund", {"url": "u"}, "PT30S", Retry(5, backoff=3))
    assert (pay.on_failure, pay.timeout, pay.result) == ("catch", "PT5S", "paid")
    assert (mail.id, mail.title, mail.on_failure, mail.retry) == ("work.1", "Email", "skip", Retry())


def test_actions_are_read() -> None:
    assert parse(FULL).states["end"].entry == (Send("x", {}, "PT1S", "later"),)


def test_a_title_left_out_or_empty_is_the_readable_key() -> None:
    for more in ({}, {"title": ""}, {"title": None}):
        assert parse(document({"in_the-house": more})).states["in_the-house"].title == "In the house"


def test_writing_and_reading_a_full_document_gives_the_same_chart() -> None:
    chart = parse(FULL)
    assert parse(dump(chart)) == chart
    assert dump(parse(dump(chart))) == dump(chart)
    assert parse(loads(json.dumps(dump(chart)))) == chart


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_writing_and_reading_a_gallery_document_gives_the_same_document(entry: GalleryEntry) -> None:
    chart = parse(entry.document)
    assert parse(dump(chart)) == chart
    assert parse(loads(json.dumps(dump(chart), ensure_ascii=False))) == chart


@pytest.mark.parametrize("key", ["title", "timeout", "id"])
def test_what_is_empty_is_read_as_its_default_so_that_writing_leaves_it_out(key: str) -> None:
    undo = {"kind": "http", "title": "", "timeout": ""}
    chart = parse(document({"a": {"title": "", "invoke": [{"kind": "http", key: "", "compensate": undo}]}}))
    assert getattr(chart.states["a"].activities[0], key)
    assert parse(dump(chart)) == chart


def test_the_hash_depends_on_the_order_of_states() -> None:
    one, other = document({"a": {}, "b": {}}), document({"b": {}, "a": {}}, initial="a")
    assert content_hash(one) == content_hash(json.loads(json.dumps(one)))
    assert content_hash(one) != content_hash(other)


def with_activity(**more: object) -> Document:
    return document({"a": {"invoke": [{"kind": "http", **more}]}})


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ([], ""),
        ({}, "signalbox"),
        ({"signalbox": 2, "id": "a"}, "signalbox"),
        ({"signalbox": 1}, "id"),
        (document({}, id="a b"), "id"),
        (document({}, id=5), "id"),
        (document({"a": {}}, colour="red"), "colour"),
        (document({"a b": {}}), "states/a b"),
        (document({"a": []}), "states/a"),
        (document({"a": {"type": "loop"}}), "states/a/type"),
        (document({"a": {"history": "full"}}), "states/a/history"),
        (document({"a": {"states": {"a": {}}}}), "states/a/states/a"),
        (document({"a": {"on": {}}}), "states/a/on"),
        (document({"a": {"on": ["go"]}}), "states/a/on/0"),
        (document({"a": {"on": [{}]}}), "states/a/on/0/event"),
        (document({"a": {"on": [on("")]}}), "states/a/on/0/event"),
        (document({"a": {"on": [{"event": [""]}]}}), "states/a/on/0/event/0"),
        (document({"a": {"on": [on("e", guard=True)]}}), "states/a/on/0/guard"),
        (document({"a": {"on": [on("e", internal="yes")]}}), "states/a/on/0/internal"),
        (document({"a": {"on": [on("e", delay="PT1S")]}}), "states/a/on/0/delay"),
        (document({"a": {"after": [{"target": "a"}]}}), "states/a/after/0/delay"),
        (document({"a": {"entry": [{"type": "shout"}]}}), "states/a/entry/0/type"),
        (document({"a": {"entry": [{"type": "log"}]}}), "states/a/entry/0/expr"),
        (document({"a": {"entry": [{"type": "log", "expr": "1", "to": "x"}]}}), "states/a/entry/0/to"),
        (document({"a": {"invoke": [{}]}}), "states/a/invoke/0/kind"),
        (with_activity(retry={"maxAttempts": 0}), "states/a/invoke/0/retry/maxAttempts"),
        (with_activity(retry={"maxAttempts": 1.5}), "states/a/invoke/0/retry/maxAttempts"),
        (with_activity(retry={"backoff": True}), "states/a/invoke/0/retry/backoff"),
        (with_activity(onFailure={"policy": "hope"}), "states/a/invoke/0/onFailure/policy"),
        (document({"a": {}}, description="x" * 20_001), "description"),
        (document({"a": {"title": "x" * 201}}), "states/a/title"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_place(wrong: object, path: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(wrong)
    assert refused.value.path == path
    assert refused.value.message


UNSTORABLE = ("a\x00b", "\ud800", {"\x00": 1}, {"\udc00": 1})
NO_JSON = (float("nan"), float("inf"), 10**400, -(10**400), {5: 1}, b"x", {1})


@pytest.mark.parametrize("value", [*UNSTORABLE, *NO_JSON], ids=ascii)
def test_what_is_no_json_or_cannot_be_stored_is_refused_wherever_it_stands(value: object) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(document({"a": {}}, context={"list": [0, value]}))
    assert refused.value.path == "context/list/1"


def test_bounds_are_kept() -> None:
    nested: Document = {"s0": {}}
    for level in range(1, MAX_NESTING + 2):
        nested = {f"s{level}": {"states": nested}}
    deep: list[Any] = []
    for _ in range(MAX_DEPTH):
        deep = [deep]
    many: Document = {f"s{n}": {} for n in range(MAX_STATES + 1)}
    for wrong, reason in (
        (document(nested), "nested deeper than 20"),
        (document({"a": {}}, meta={"x": deep}), "nested deeper than 64"),
        (document(many), "more than 2000 states"),
        (document({"a": {"on": [on("e", "a")] * (MAX_ITEMS + 1)}}), "at most 2000"),
    ):
        with pytest.raises(DocumentError, match=reason):
            parse(wrong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1"),
        ("[1]", "not a JSON object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": -Infinity}', "not a JSON number"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": ' + "1" * 5_000 + "}", "not valid JSON"),
        ('{"a": ' + "1" * 4_000 + "}", "too large a number"),
        ('{"a": 1, "a": 2}', "“a” stands twice"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": ' + "[" * 70 + "]" * 70 + "}", "nested deeper"),
        ('{"a": ' + "[" * 100_000, "nested deeper"),
        ('{"a": "' + "x" * MAX_BYTES + '"}', "at most 1000000"),
    ],
    ids=range(14),
)
def test_texts_that_are_no_document_are_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        loads(text)


def test_bytes_may_begin_with_a_byte_order_mark() -> None:
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
