"""Context values that a chart computes, and when its states' own get theirs."""

from __future__ import annotations

from tests.statechart.support import Document, Driver, assign, on

STATES: Document = {
    "a": {"on": [on("go", "b")], "context": {"early": "${context.n + 1}"}},
    "b": {"context": {"n2": "${context.n * 2}"}, "on": [on("back", "a"), on("set", actions=[assign("n2", "0")])]},
}


def test_values_are_worked_out_in_order_when_an_instance_starts() -> None:
    run = Driver(STATES, initial="a", declared={"n": 5, "m": "${context.n + 1}", "text": "no ${'$'}{x}"})
    assert run.context == {"n": 5, "m": 6, "text": "no ${x}", "early": 6, "n2": 10}


def test_what_is_given_is_taken_as_it_is() -> None:
    run = Driver(STATES, {"n": 7, "m": "${1 + 1}"}, declared={"n": 5, "m": 0})
    assert (run.context["n"], run.context["m"], run.context["n2"]) == (7, "${1 + 1}", 14)


def test_late_values_are_null_until_their_state_is_first_entered() -> None:
    run = Driver(STATES, initial="a", binding="late", declared={"n": 5})
    assert run.context == {"n": 5, "early": 6, "n2": None}
    assert run.send("go").context["n2"] == 10
    assert run.send("set").send("back").send("go").context["n2"] == 0


def test_a_value_that_cannot_be_worked_out_is_null_and_told() -> None:
    states: Document = {"a": {"on": [on("error.execution", "b")]}, "b": {}}
    run = Driver(states, declared={"n": "${context.missing}", "m": 1})
    assert (run.context, run.active) == ({"n": None, "m": 1}, {"b"})


def test_a_final_state_gives_its_output_to_the_done_event_and_to_the_outside() -> None:
    inner: Document = {"x": {"type": "final", "output": {"n": "${context.n}"}}}
    states: Document = {
        "a": {"initial": "x", "states": inner, "onDone": [{"target": "end", "guard": "event.n == 5"}]},
        "end": {"type": "final", "output": "${context.n + 1}"},
    }
    run = Driver(states, {"n": 5})
    assert (run.status, run.step.snapshot.output) == ("completed", 6)


def test_an_output_that_cannot_be_worked_out_is_nothing_and_told_before_the_done_event() -> None:
    inner: Document = {"x": {"type": "final", "output": "${context.missing}"}}
    ways = [on("error.execution", "told")]
    states: Document = {
        "a": {"initial": "x", "states": inner, "on": ways, "onDone": [{"target": "end"}]},
        "told": {"on": [on("done.state.a", "end", guard="event == {}")]},
        "end": {"type": "final"},
    }
    assert Driver(states).status == "completed"


def test_exit_actions_run_at_the_end_and_what_was_active_stays_on_record() -> None:
    run = Driver({"end": {"type": "final", "exit": [assign("n", "In('end') ? 1 : 2")]}}, {"n": 0})
    assert (run.context, run.active) == ({"n": 1}, {"end"})


def test_initial_actions_run_after_the_entry_of_their_state() -> None:
    def mark(word: str) -> Document:
        return assign("order", f"context.order + ['{word}']")

    first: Document = {"target": "x", "actions": [mark("initial")]}
    states: Document = {"a": {"initial": first, "entry": [mark("a")], "states": {"x": {"entry": [mark("x")]}}}}
    run = Driver(states, {"order": []}, initial={"target": "a", "actions": [mark("chart")]})
    assert run.context["order"] == ["chart", "a", "initial", "x"]


def test_a_chart_may_begin_deep_and_in_several_regions() -> None:
    regions = {side: {"initial": f"{side}1", "states": {f"{side}1": {}, f"{side}2": {}}} for side in "lr"}
    run = Driver({"p": {"type": "parallel", "states": regions}}, initial={"target": ["l2", "r2"]})
    assert run.active == {"l2", "r2"}


def test_expressions_know_the_active_states_and_the_system_variables() -> None:
    states: Document = {
        "a": {"on": [on("go", "b", guard="In('a') && !In('b') && _event.name == 'go' && _event.type == 'external'")]},
        "b": {"entry": [assign("s", "_sessionid"), assign("n", "_name"), assign("i", "In('a')")]},
    }
    run = Driver(states, {"s": "", "n": "", "i": True}).send("go")
    assert run.context == {"s": "7", "n": "test", "i": False}


def test_the_actions_of_a_transition_see_neither_the_old_state_nor_the_new_one() -> None:
    look = assign("seen", "[In('a'), In('b')]")
    for extra in ({}, {"exit": [assign("n", "1")]}):
        states: Document = {"a": {"on": [on("go", "b", actions=[look])], **extra}, "b": {}}
        assert Driver(states, {"seen": [], "n": 0}).send("go").context["seen"] == [False, False]
