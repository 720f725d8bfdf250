"""Every problem of a chart is found, at its place; what is fine has none."""

from __future__ import annotations

import pytest

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.statechart.checks.states import reachable
from orchestrator.statechart.document import parse
from orchestrator.statechart.structure import structure_of
from orchestrator.statechart.validate import validate
from tests.statechart.problems import codes
from tests.statechart.support import Document, assign, call, document, mark, on, undo

END: Document = {"end": {"type": "final"}}


def warnings(states: Document, **more: object) -> list[tuple[str, str]]:
    """Warnings about the form of a chart; that instances may wait for ever is told elsewhere."""
    return [pair for pair in codes(states, "warning", **more) if pair[0] != "no-timeout"]


def errors(states: Document, **more: object) -> list[tuple[str, str]]:
    return codes(states, "error", **more)


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_the_gallery_has_no_problems(entry: GalleryEntry) -> None:
    assert validate(parse(entry.document)) == []


def test_a_chart_needs_states_and_a_beginning() -> None:
    assert errors({}) == [("no-states", "states")]
    assert errors(END, initial=None) == [("no-initial", "initial")]
    assert errors(END, initial="x") == [("unknown-initial", "initial")]
    assert errors({"a": {"initial": "b", "states": {"b": {}}}}, initial="b") == []


@pytest.mark.parametrize(
    ("state", "code", "path"),
    [
        ({"states": {"b": {}}}, "no-initial", "a/initial"),
        ({"states": {"b": {}}, "initial": "a"}, "unknown-initial", "a/initial"),
        ({"type": "compound"}, "no-children", "a/type"),
        ({"type": "parallel"}, "no-children", "a/type"),
        ({"type": "parallel", "states": {"h": {"type": "history"}}}, "no-children", "a/type"),
        ({"initial": "h", "states": {"h": {"type": "history"}}}, "no-children", "a/type"),
        ({"type": "atomic", "initial": "b", "states": {"b": {}}}, "has-children", "a/type"),
        ({"type": "final", "initial": "b", "states": {"b": {}}}, "has-children", "a/type"),
        ({"type": "final", "on": [on("e", "a")]}, "final-goes-on", "a/type"),
        ({"type": "final", "expectedWithin": "PT1S"}, "expected-nowhere", "a/expectedWithin"),
        ({"type": "parallel", "states": {"b": {}, "c": {"type": "final"}}}, "final-region", "c/type"),
        ({"expectedWithin": "soon"}, "duration", "a/expectedWithin"),
        ({"on": [on("e", "nowhere")]}, "unknown-target", "a/on/0/target"),
        ({"after": [{"delay": "1h", "target": "a"}]}, "duration", "a/after/0/delay"),
        ({"after": [{"delay": "PT1H"}]}, "does-nothing", "a/after/0/target"),
        ({"always": [{"guard": "true"}]}, "does-nothing", "a/always/0/target"),
        ({"always": [{"actions": [mark("x")]}]}, "endless", "a/always/0/guard"),
    ],
)
def test_a_state_that_makes_no_sense_is_an_error(state: Document, code: str, path: str) -> None:
    assert (code, path) in errors({"a": state})


def test_a_history_state_has_one_plain_way_to_a_state_beside_it() -> None:
    def history(**more: object) -> list[tuple[str, str]]:
        inside = {
            "b": {"initial": "c", "states": {"c": {}}},
            "h": {"type": "history", **more},
            "k": {"type": "history"},
        }
        return errors({"a": {"initial": "b", "states": inside}, "z": {}})

    assert history() == []
    assert history(always=[{"target": "b"}]) == []
    assert history(always=[{"target": "c"}]) == []
    for target in ("z", "a", "h", "k"):
        assert history(always=[{"target": target}]) == [("history-target", "h/always")]
    content = [("history-content", "h/type")]
    assert history(always=[{"target": "b"}, {"target": "b"}]) == content
    assert history(always=[{"target": "b", "guard": "true"}]) == content
    assert history(on=[on("e", "b")]) == content
    assert history(entry=[mark("x")]) == content
    assert ("history-outside", "h/type") in errors({"a": {}, "h": {"type": "history"}})
    assert ("expected-nowhere", "h/expectedWithin") in history(expectedWithin="PT1S")


def test_a_history_state_without_a_default_is_only_warned_of() -> None:
    states = {"a": {"initial": "b", "on": [on("e", "h")], "states": {"b": {}, "h": {"type": "history"}}}}
    assert ("history-default", "h/always") in warnings(states)


def test_several_targets_must_lie_in_different_regions() -> None:
    def region(key: str) -> Document:
        return {"initial": f"{key}1", "states": {f"{key}1": {}, f"{key}2": {}, f"{key}h": {"type": "history"}}}

    both = {"type": "parallel", "states": {"r": region("r"), "s": region("s"), "h": {"type": "history"}}}

    def together(*targets: str) -> list[tuple[str, str]]:
        return errors({"a": {"on": [on("e", list(targets))]}, "p": both})

    assert together("r2", "s2") == together("r2", "sh") == []
    for apart in (("r1", "r2"), ("p", "r1"), ("a", "r1"), ("r1", "r1"), ("r2", "h"), ("h", "rh")):
        assert together(*apart) == [("apart", "a/on/0/target")]


def test_an_attempt_that_could_outlast_its_worker_is_refused() -> None:
    assert errors({"a": {"invoke": [call("x", timeout="PT15M")]}}) == []
    assert errors({"a": {"invoke": [call("x", timeout="PT16M")]}}) == [("long-attempt", "a/invoke/0/timeout")]


def test_activities_need_known_kinds_their_input_and_ids_of_their_own() -> None:
    assert errors({"a": {"invoke": [call("x"), call("x")]}}) == [("same-id", "a/invoke/1/id")]
    assert errors({"a": {"invoke": [{"kind": "fax"}]}}) == [("unknown-kind", "a/invoke/0/kind")]
    assert errors({"a": {"invoke": [{"kind": "http", "input": {"url": ""}}]}}) == [
        ("missing-input", "a/invoke/0/input")
    ]
    undone = call("x", compensate={"kind": "email", "input": {"to": "a", "subject": "b"}})
    assert errors({"a": {"invoke": [undone]}}) == [("missing-input", "a/invoke/0/compensate")]
    assert errors({"a": {"invoke": [call("x", onFailure={"policy": "catch"})]}}) == [
        ("catch-nowhere", "a/invoke/0/onFailure")
    ]
    assert errors({"a": {"invoke": [call("x", timeout="1 min")]}}) == [("duration", "a/invoke/0/timeout")]
    assert errors({"a": {"invoke": [call("x", compensate=undo("x", timeout="?"))]}}) == [
        ("duration", "a/invoke/0/timeout")
    ]


@pytest.mark.parametrize("interval", ["often", "${context.wait}"])
def test_the_time_between_attempts_is_written_out_because_nobody_computes_it(interval: str) -> None:
    for key in ("interval", "maxInterval"):
        problems = errors({"a": {"invoke": [call("x", retry={key: interval})]}})
        assert problems == [("duration", "a/invoke/0/retry")]


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"entry": [assign("x", "1 +")]}, "a/entry"),
        ({"exit": [{"type": "log", "expr": "unknown"}]}, "a/exit"),
        ({"on": [on("e", "a", guard="1 + 1")]}, "a/on/0/guard"),
        ({"on": [on("e", "a", actions=[{"type": "raise", "event": "x", "data": {"k": ["${"]}}])]}, "a/on/0/actions"),
        ({"entry": [{"type": "send", "event": "x", "delay": "${1 +}"}]}, "a/entry"),
        ({"after": [{"delay": "${1 +}", "target": "a"}]}, "a/after/0/delay"),
        ({"expectedWithin": "${1 +}"}, "a/expectedWithin"),
        ({"invoke": [call("x", timeout="${1 +}")]}, "a/invoke/0/timeout"),
        ({"invoke": [call("x", idempotencyKey="${1 +}")]}, "a/invoke/0/idempotencyKey"),
        ({"invoke": [call("x", input={"callable": "x", "a": {"b": ["${1 +}"]}})]}, "a/invoke/0/input"),
        ({"invoke": [call("x", compensate=undo("x", input={"callable": "${1 +}"}))]}, "a/invoke/0/compensate"),
    ],
)
def test_an_expression_that_does_not_compile_is_an_error_wherever_it_stands(state: Document, path: str) -> None:
    assert errors({"a": state}) == [("expression", path)]


def test_a_state_nothing_leads_to_is_warned_of_once_with_all_it_holds() -> None:
    island = {"initial": "x", "states": {"x": {}, "y": {}}}
    states = {"a": {"on": [on("e", "end")]}, "island": island, **END}
    assert warnings(states) == [("unreachable", "island")]


def test_a_state_is_reached_through_defaults_regions_ancestors_and_history() -> None:
    states = {
        "a": {"on": [on("e", "r2"), on("f", "h")]},
        "p": {
            "type": "parallel",
            "states": {
                "r": {"initial": "r1", "states": {"r1": {}, "r2": {}}},
                "s": {"initial": "s1", "states": {"s1": {}, "s2": {}}},
            },
        },
        "c": {"initial": "c1", "states": {"c1": {}, "c2": {}, "h": {"type": "history", "always": [{"target": "c2"}]}}},
    }
    structure = structure_of(parse(document(states)))
    assert reachable(structure) == ["a", "p", "r", "r2", "s", "s1", "c", "c2", "h"]


def test_a_history_state_that_is_the_initial_one_is_reached() -> None:
    inside = {"h": {"type": "history", "always": [{"target": "b"}]}, "b": {"on": [on("e", "b")]}, "c": {}}
    assert warnings({"a": {"initial": "h", "states": inside}}) == [("unreachable", "c")]


def test_a_state_that_cannot_be_left_is_warned_of() -> None:
    assert warnings({"a": {"on": [on("e", actions=[mark("x")])]}}) == [("dead-end", "a")]
    assert ("dead-end", "a") in warnings({"a": {"onDone": [{"target": "a"}]}})
    assert warnings({"a": {"initial": "b", "on": [on("e", "a")], "states": {"b": {}}}}) == []
    assert warnings({"a": {"type": "parallel", "states": {"b": {}, "c": {}}}}) == []


def test_waiting_for_the_end_of_what_cannot_end_is_warned_of() -> None:
    done = {"onDone": [{"target": "end"}]}
    ends = {"initial": "x", "states": {"x": {"type": "final"}}}
    inside = {"initial": "y", "states": {"y": {"on": [on("e", "y")]}}}
    assert warnings({"a": {**ends, **done}, **END}) == []
    assert ("never-done", "a/onDone/0") in warnings({"a": {**inside, **done}, **END})
    assert warnings({"a": {"type": "parallel", "states": {"r": ends}, **done}, **END}) == []
    assert ("never-done", "a/onDone/0") in warnings(
        {"a": {"type": "parallel", "states": {"r": ends, "s": inside}, **done}, **END}
    )


def test_a_transition_behind_one_without_a_guard_is_warned_of() -> None:
    ways = [on("e", "end", guard="event.x"), on("e", "end"), on("e", "a"), on("f", "a"), {"event": ["e", "g"]}]
    assert warnings({"a": {"on": ways}, **END}) == [("shadowed", "a/on/2/guard")]


def test_errors_come_before_warnings() -> None:
    made = parse(document({"a": {}, "b": {"on": [on("e", "a")], "output": 1}}))
    assert [problem.severity for problem in validate(made)] == ["error", "warning", "warning"]


def test_a_problem_names_its_state_what_to_select_and_the_mend() -> None:
    problem = validate(parse(document({"a": {"on": [on("e", "x")]}})))[0]
    assert (problem.state, problem.ref, problem.field) == ("a", "a/on/0", "target")
    assert "“x”" in problem.message
    assert problem.fix.endswith(".")


def test_a_large_parallel_chart_is_checked_in_linear_time() -> None:
    """Four hundred regions with a thousand states took minutes when every target was entered anew."""
    regions = {
        f"r{n}": {
            "initial": f"a{n}",
            "states": {f"a{n}": {"on": [on("e", f"b{n}")]}, f"b{n}": {"on": [on("e", f"a{n}")]}},
        }
        for n in range(400)
    }
    assert codes({"p": {"type": "parallel", "expectedWithin": "P1D", "states": regions}}) == []
