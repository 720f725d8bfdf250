"""History states: what they remember, what they lead to, and their default."""

from __future__ import annotations

from tests.statechart.support import Document, Driver, mark, on


def compound(history: Document, **more: object) -> Document:
    inner = {"initial": "c1", "states": {"c1": {"on": [on("deeper", "c2")]}, "c2": {}}}
    inside = {"b": {"on": [on("next", "c")]}, "c": inner, "h": {"type": "history", **history}}
    return {"a": {"initial": "b", "on": [on("out", "z")], "states": inside, **more}, "z": {"on": [on("back", "h")]}}


def test_a_shallow_history_remembers_the_child_and_enters_it_by_default() -> None:
    run = Driver(compound({})).send("next").send("deeper").send("out")
    assert run.step.snapshot.history == {"h": ("c",)}
    assert run.send("back").step.snapshot.configuration == ("a", "c", "c1")


def test_a_deep_history_remembers_the_innermost_states() -> None:
    run = Driver(compound({"history": "deep"})).send("next").send("deeper").send("out")
    assert run.step.snapshot.history == {"h": ("c2",)}
    assert run.send("back").step.snapshot.configuration == ("a", "c", "c2")


def test_what_is_remembered_is_what_was_active_the_last_time() -> None:
    run = Driver(compound({})).send("next").send("out").send("back")
    assert run.active == {"c1"}
    other = Driver(compound({})).send("out").send("back")
    assert other.active == {"b"}


def test_the_default_is_taken_until_something_is_remembered_with_its_actions() -> None:
    default = {"always": [{"target": "c2", "actions": [mark("default")]}]}
    states = {**compound(default, entry=[mark("a")]), "first": {"on": [on("back", "h")]}}
    run = Driver(states, {"order": []}, initial="first").send("back")
    assert run.step.snapshot.configuration == ("a", "c", "c2")
    assert run.context["order"] == ["a", "default"]
    assert run.send("out").send("back").context["order"] == ["a", "default", "a"]


def test_without_a_default_the_initial_state_is_entered() -> None:
    for kind in ({}, {"history": "deep"}):
        run = Driver({**compound(kind), "first": {"on": [on("back", "h")]}}, initial="first").send("back")
        assert run.active == {"b"}


def test_a_history_state_may_be_the_initial_one() -> None:
    inside = {"h": {"type": "history"}, "b": {"on": [on("next", "c")]}, "c": {}}
    states = {"a": {"initial": "h", "on": [on("out", "z")], "states": inside}, "z": {"on": [on("back", "a")]}}
    run = Driver(states)
    assert run.active == {"b"}
    assert run.send("next").send("out").send("back").active == {"c"}


def region(key: str) -> Document:
    return {"initial": f"{key}1", "states": {f"{key}1": {"on": [on(key, f"{key}2")]}, f"{key}2": {}}}


def test_a_history_of_a_parallel_state_brings_all_regions_back() -> None:
    for history, expected in (({}, {"r1", "s1"}), ({"history": "deep"}, {"r1", "s2"})):
        inside = {"r": region("r"), "s": region("s"), "h": {"type": "history", **history}}
        states = {
            "p": {"type": "parallel", "on": [on("out", "z")], "states": inside},
            "z": {"on": [on("back", "h")]},
            "first": {"on": [on("back", "h")]},
        }
        assert Driver(states, initial="first").send("back").active == {"r1", "s1"}
        assert Driver(states).send("s").send("out").send("back").active == expected


def test_the_history_of_one_region_leaves_the_others_to_their_defaults() -> None:
    one = region("r")
    one["states"]["h"] = {"type": "history"}
    inside = {"r": one, "s": region("s")}
    states = {"p": {"type": "parallel", "on": [on("out", "z")], "states": inside}, "z": {"on": [on("back", "h")]}}
    assert Driver(states).send("r").send("s").send("out").send("back").active == {"r2", "s1"}


def test_a_transition_to_history_leaves_what_the_remembered_states_demand() -> None:
    """The domain of a transition follows from what the history stands for (SCXML: getEffectiveTargetStates)."""
    inside = {
        "b": {"on": [on("next", "c")]},
        "c": {"entry": [mark("+c")], "exit": [mark("-c")], "on": [on("again", "h")]},
        "h": {"type": "history"},
    }
    run = Driver({"a": {"initial": "b", "entry": [mark("+a")], "states": inside}}, {"order": []})
    run.send("next").send("again")
    assert run.active == {"b"}
    assert run.context["order"] == ["+a", "+c", "-c"]


def test_what_a_transition_leaves_it_enters_though_leaving_changes_what_history_stands_for() -> None:
    """By its default p would be left, by what is remembered on the way only r: Appendix D would lose p."""
    inside = {"r": {"initial": "r1", "states": {"r1": {"on": [on("again", "h")]}}}}
    history = {"h": {"type": "history", "history": "deep"}}
    run = Driver({"p": {"type": "parallel", "states": {**inside, **history}}})
    for _ in range(2):
        assert run.send("again").step.snapshot.configuration == ("p", "r", "r1")


def test_a_history_default_near_by_does_not_enter_anew_what_was_not_left() -> None:
    inner = {"initial": "c", "entry": [mark("+b")], "states": {"c": {"on": [on("again", "h")]}}}
    inside = {"b": inner, "h": {"type": "history", "always": [{"target": "c"}]}}
    run = Driver({"a": {"initial": "b", "states": inside}}, {"order": []}).send("again")
    assert run.step.microsteps[0].entered == run.step.microsteps[0].exited == ("c",)
    assert run.context["order"] == ["+b"]
