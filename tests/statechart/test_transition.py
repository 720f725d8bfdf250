"""The SCXML algorithm (W3C Recommendation, Appendix D): which transitions fire, and what is left, done and entered."""

from __future__ import annotations

import pytest

from orchestrator.statechart.steps import MAX_QUEUE
from orchestrator.statechart.transition import Environment, Event, LoopError, start, transition
from tests.statechart.support import BEGINNING, ENVIRONMENT, Document, Driver, assign, chart_of, mark, on

ORDER: Document = {"order": []}


def noted(state: Document, key: str) -> Document:
    """The state with its entry and exit written into the context."""
    return {"entry": [mark(f"+{key}")], "exit": [mark(f"-{key}")], **state}


def nest(initial: str, states: Document, **more: object) -> Document:
    return {"initial": initial, "states": states, **more}


# hierarchy


def test_entering_goes_outside_in_and_leaving_inside_out() -> None:
    inner = noted(nest("c", {"c": noted({}, "c")}), "b")
    run = Driver({"a": noted(nest("b", {"b": inner}, on=[on("go", "z", actions=[mark("go")])]), "a"), "z": {}}, ORDER)
    assert run.step.microsteps[0].entered == ("a", "b", "c")
    run.send("go")
    assert run.context["order"] == ["+a", "+b", "+c", "-c", "-b", "-a", "go"]
    assert run.step.microsteps[0].exited == ("c", "b", "a")
    assert run.active == {"z"}


def test_a_transition_within_a_state_leaves_only_what_is_inside_it() -> None:
    run = Driver({"a": noted(nest("b", {"b": {"on": [on("go", "c")]}, "c": {}}), "a")}, ORDER).send("go")
    assert run.context["order"] == ["+a"]
    assert run.active == {"c"}


def test_a_transition_to_a_deep_state_enters_its_ancestors_without_their_initial_states() -> None:
    inside = nest("x", {"x": noted({}, "x"), "y": nest("y1", {"y1": noted({}, "y1"), "y2": noted({}, "y2")})})
    run = Driver({"a": {"on": [on("go", "y2")]}, "b": inside}, ORDER).send("go")
    assert run.context["order"] == ["+y2"]
    assert run.step.snapshot.configuration == ("b", "y", "y2")


def test_an_inner_transition_wins_over_an_outer_one_and_a_false_guard_gives_way() -> None:
    inner = {"b": {"on": [on("go", "c", guard="event.inner")]}, "c": {}}
    states = {"a": nest("b", inner, on=[on("go", "z")]), "z": {}}
    assert Driver(states).send("go", inner=True).active == {"c"}
    assert Driver(states).send("go", inner=False).active == {"z"}


def test_the_first_transition_in_document_order_whose_guard_holds_is_taken() -> None:
    ways = [on("go", "b", guard="event.n > 2"), on("go", "c", guard="event.n > 1"), on("go", "d")]
    states: Document = {"a": {"on": ways}, "b": {}, "c": {}, "d": {}}
    assert [Driver(states).send("go", n=n).active for n in (3, 2, 1)] == [{"b"}, {"c"}, {"d"}]


def test_a_self_transition_leaves_and_enters_anew() -> None:
    run = Driver({"a": noted({"on": [on("go", "a", actions=[mark("go")])]}, "a")}, ORDER).send("go")
    assert run.context["order"] == ["+a", "-a", "go", "+a"]


def test_actions_run_in_order_and_the_first_that_fails_ends_its_block() -> None:
    ways = [on("go", "b", actions=[mark("1"), assign("x", "context.missing"), mark("never")])]
    run = Driver({"a": {"on": ways}, "b": {"entry": [mark("2")]}}, ORDER).send("go")
    assert run.context == {"order": ["1", "2"]}
    assert run.active == {"b"}
    assert [error.split(":")[0] for error in run.step.errors] == ["context.missing"]


# internal and targetless


def test_a_targetless_transition_acts_and_leaves_nothing() -> None:
    run = Driver({"a": noted(nest("b", {"b": noted({}, "b")}, on=[on("go", actions=[mark("go")])]), "a")}, ORDER)
    entered = run.step.snapshot.entered
    run.wait(hours=1).send("go")
    assert run.context["order"] == ["+a", "+b", "go"]
    assert run.step.snapshot.entered == entered
    assert (run.step.microsteps[0].exited, run.step.microsteps[0].entered) == ((), ())
    assert run.step.handled


@pytest.mark.parametrize(("internal", "order"), [(True, ["-b", "+c"]), (False, ["-b", "-a", "+a", "+c"])])
def test_an_internal_transition_of_a_compound_state_does_not_leave_it(internal: bool, order: list[str]) -> None:
    inside = {"b": noted({}, "b"), "c": noted({}, "c")}
    run = Driver({"a": noted(nest("b", inside, on=[on("go", "c", internal=internal)]), "a")}, ORDER)
    assert run.send("go").context["order"] == ["+a", "+b", *order]


def test_internal_has_no_meaning_when_a_target_lies_outside_or_the_state_is_not_compound() -> None:
    inside = nest("b", {"b": {}}, on=[on("go", "z", internal=True)])
    assert Driver({"a": noted(inside, "a"), "z": {}}, ORDER).send("go").context["order"] == ["+a", "-a"]
    leaf = noted({"on": [on("go", "a", internal=True)]}, "a")
    assert Driver({"a": leaf}, ORDER).send("go").context["order"] == ["+a", "-a", "+a"]
    regions = {"r": noted({}, "r"), "s": noted({}, "s")}
    both = noted({"type": "parallel", "states": regions, "on": [on("go", "r", internal=True)]}, "p")
    run = Driver({"p": both}, ORDER).send("go")
    assert run.context["order"] == ["+p", "+r", "+s", "-s", "-r", "-p", "+p", "+r", "+s"]


# parallel


def region(key: str, *steps: str, **more: object) -> Document:
    """States key1, key2 ... with a transition on each step from one to the next."""
    names = [f"{key}{n}" for n in range(1, len(steps) + 2)]
    moves = dict(zip(names, zip(steps, names[1:], strict=True), strict=False))
    states = {name: noted({"on": [on(*moves[name])]} if name in moves else {}, name) for name in names}
    return nest(names[0], states, **more)


def parallel(**regions: Document) -> Document:
    return {"type": "parallel", "states": regions}


def test_all_regions_are_entered_in_document_order_and_left_in_reverse() -> None:
    run = Driver({"p": {**parallel(r=region("r"), s=region("s")), "on": [on("out", "z")]}, "z": {}}, ORDER)
    assert run.active == {"r1", "s1"}
    assert run.send("out").context["order"] == ["+r1", "+s1", "-s1", "-r1"]


def test_each_region_takes_its_own_transition_on_one_event_in_one_micro_step() -> None:
    run = Driver({"p": parallel(r=region("r", "go"), s=region("s", "go"))}, ORDER).send("go")
    assert run.refs == [("r1/on/0", "s1/on/0")]
    assert run.context["order"][2:] == ["-s1", "-r1", "+r2", "+s2"]


def test_a_transition_out_of_one_region_leaves_all() -> None:
    regions = parallel(r=nest("r1", {"r1": {"on": [on("out", "z")]}}), s=region("s", "go"))
    assert Driver({"p": regions, "z": {}}, ORDER).send("out").step.snapshot.configuration == ("z",)


def test_a_transition_from_one_region_into_another_enters_the_parallel_state_anew() -> None:
    regions = parallel(r=nest("r1", {"r1": {"on": [on("over", "s2")]}}), s=region("s", "go"))
    run = Driver({"p": noted(regions, "p")}, ORDER).send("over")
    assert run.active == {"r1", "s2"}
    assert run.context["order"] == ["+p", "+s1", "-s1", "-p", "+p", "+s2"]


def test_several_targets_enter_their_regions_and_the_others_by_default() -> None:
    regions = parallel(r=region("r", "go"), s=region("s", "go"), t=region("t", "go"))
    run = Driver({"a": {"on": [on("in", ["t2", "r2"])]}, "p": regions}, ORDER).send("in")
    assert run.active == {"r2", "s1", "t2"}
    assert run.context["order"] == ["+r2", "+s1", "+t2"]


def test_the_first_of_two_conflicting_transitions_wins_in_document_order() -> None:
    def leave(target: str) -> Document:
        return nest(f"{target}1", {f"{target}1": {"on": [on("go", target)]}})

    states = {"p": parallel(r=leave("y"), s=leave("z")), "y": {}, "z": {}}
    run = Driver(states).send("go")
    assert run.refs == [("y1/on/0",)]
    assert run.active == {"y"}


def test_a_transition_of_a_descendant_preempts_one_of_an_ancestor_chosen_in_an_earlier_region() -> None:
    """SCXML 3.13: r has none of its own, so p's is chosen first; s1's source lies within p, so it wins."""
    regions = parallel(r=region("r"), s=region("s", "go"))
    run = Driver({"p": {**regions, "on": [on("go", "z")]}, "z": {}}, ORDER).send("go")
    assert run.refs == [("s1/on/0",)]
    assert run.active == {"r1", "s2"}


def test_a_targetless_transition_conflicts_with_nothing() -> None:
    quiet = nest("r1", {"r1": {"on": [on("go", actions=[mark("quiet")])]}})
    run = Driver({"p": parallel(r=quiet, s=region("s", "go"))}, ORDER).send("go")
    assert run.refs == [("r1/on/0", "s1/on/0")]
    out = nest("s1", {"s1": {"on": [on("go", "z")]}})
    assert Driver({"p": parallel(r=quiet, s=out), "z": {}}, ORDER).send("go").refs == [("r1/on/0", "s1/on/0")]


def test_an_inner_targetless_transition_hides_an_outer_one() -> None:
    """Each atomic state has one transition at most, though these two would not conflict."""
    inner = {"b": {"on": [on("go", actions=[mark("inner")])]}}
    run = Driver({"a": nest("b", inner, on=[on("go", actions=[mark("outer")])])}, ORDER).send("go")
    assert run.context["order"] == ["inner"]


def test_an_outer_transition_found_by_two_regions_is_taken_once_and_its_guard_asked_once() -> None:
    guard = {"on": [on("go", actions=[mark("go")], guard="context.missing")]}
    run = Driver({"p": {**parallel(r=region("r"), s=region("s")), **guard}}, ORDER).send("go")
    assert len(run.step.errors) == 1
    plain = {"on": [on("go", actions=[mark("go")])]}
    run = Driver({"p": {**parallel(r=region("r"), s=region("s")), **plain}}, ORDER).send("go")
    assert run.context["order"][2:] == ["go"]


def ends(key: str) -> Document:
    """A region which the event of its name ends."""
    return nest(f"{key}1", {f"{key}1": {"on": [on(key, f"{key}2")]}, f"{key}2": {"type": "final"}})


def test_a_parallel_state_is_done_when_all_its_regions_are() -> None:
    states = {"p": {**parallel(r=ends("r"), s=ends("s")), "onDone": [{"target": "z"}]}, "z": {"type": "final"}}
    run = Driver(states).send("s")
    assert (run.active, run.status) == ({"r1", "s2"}, "running")
    assert run.send("r").refs == [("r1/on/0",), ("p/onDone/0",)]
    assert run.status == "completed"


@pytest.mark.parametrize("order", [("r", "s", "t"), ("t", "s", "r"), ("r", "t", "s")])
def test_a_parallel_state_in_a_parallel_state_is_one_of_its_regions(order: tuple[str, ...]) -> None:
    """SCXML 3.7.1; its Appendix D forgets the outer one when the inner one is done last."""
    inner = {**parallel(r=ends("r"), s=ends("s")), "onDone": [{"actions": [mark("inner")]}]}
    outer = {**parallel(q=inner, t=ends("t")), "onDone": [{"target": "z"}]}
    run = Driver({"p": outer, "z": {}}, ORDER).send(order[0]).send(order[1])
    assert "z" not in run.active
    assert run.send(order[2]).active == {"z"}
    assert run.context["order"] == ["inner"]


# final states


def test_the_final_state_of_a_compound_state_tells_it() -> None:
    inside = nest("b", {"b": {"on": [on("go", "c")]}, "c": {"type": "final", "entry": [mark("c")]}})
    run = Driver({"a": {**inside, "onDone": [{"target": "z", "actions": [mark("done")]}]}, "z": {}}, ORDER)
    assert run.send("go").refs == [("b/on/0",), ("a/onDone/0",)]
    assert run.context["order"] == ["c", "done"]


def test_an_outermost_final_state_ends_the_instance_and_drops_what_was_raised() -> None:
    end = {"type": "final", "entry": [{"type": "raise", "event": "more"}]}
    run = Driver({"a": {"on": [on("go", "end"), on("more", "a")]}, "end": end}).send("go")
    assert (run.status, run.active) == ("completed", {"end"})
    before = run.step.snapshot
    run.send("go")
    assert (run.step.handled, run.step.microsteps, run.step.snapshot) == (False, (), before)


# events


@pytest.mark.parametrize(
    ("descriptor", "event", "taken"),
    [
        ("order", "order", True),
        ("order", "order.paid", True),
        ("order", "orders", False),
        ("order.*", "order", True),
        ("order.*", "order.paid.late", True),
        ("order.", "order.paid", True),
        ("order.paid", "order", False),
        ("*", "anything", True),
        ("*", "done.state.x", True),
        ("Order", "order", False),
    ],
)
def test_descriptors_match_events_by_their_tokens(descriptor: str, event: str, taken: bool) -> None:
    run = Driver({"a": {"on": [on(descriptor, "b")]}, "b": {}}).send(event)
    assert (run.active == {"b"}) is taken
    assert run.step.handled is taken


def test_an_event_nobody_waits_for_changes_nothing() -> None:
    run = Driver({"a": {"on": [on("go", "a")]}})
    before = run.step.snapshot
    step = transition(run.chart, before, Event("other"), BEGINNING, ENVIRONMENT)
    assert step.snapshot is before
    assert (step.handled, step.effects, step.microsteps, step.errors) == (False, (), (), ())


def test_raised_events_come_before_the_next_outer_one_and_in_order() -> None:
    raises = [{"type": "raise", "event": "one", "data": {"n": "${1 + 1}"}}, {"type": "raise", "event": "two"}]
    ways = [
        on("go", actions=raises),
        on("one", actions=[assign("n", "event.n"), {"type": "raise", "event": "three"}, mark("one")]),
        on("two", actions=[mark("two")]),
        on("three", actions=[mark("three")]),
    ]
    run = Driver({"a": {"on": ways}}, ORDER).send("go")
    assert run.context == {"order": ["one", "two", "three"], "n": 2}
    assert [microstep.event for microstep in run.step.microsteps] == ["go", "one", "two", "three"]


def test_eventless_transitions_come_before_raised_events() -> None:
    entry = [{"type": "raise", "event": "raised"}]
    states = {"a": {"entry": entry, "always": [{"target": "b"}]}, "b": {"on": [on("raised", "c")]}, "c": {}}
    run = Driver(states)
    assert run.refs == [(), ("a/always/0",), ("b/on/0",)]


def test_an_event_that_only_lets_an_eventless_transition_through_had_an_effect() -> None:
    """The journal calls an event applied or ignored by this."""
    run = Driver({"a": {"always": [{"guard": "now > timestamp('2026-01-05T10:00:00Z')", "target": "b"}]}, "b": {}})
    assert not run.send("tick").step.handled
    assert run.wait(hours=2).send("tick").step.handled
    assert run.active == {"b"}


# errors and loops


def test_a_guard_that_fails_is_false_and_told_to_the_chart() -> None:
    ways = [
        on("go", "b", guard="context.missing > 1"),
        on("error.execution", "c", actions=[assign("why", "event.message")]),
    ]
    run = Driver({"a": {"on": ways}, "b": {}, "c": {}}).send("go")
    assert run.active == {"c"}
    assert run.context["why"].startswith("guard of a/on/0: context.missing > 1: ")
    assert run.step.handled


@pytest.mark.parametrize("handler", [[], [on("error.execution", actions=[mark("told")])]], ids=["untold", "told"])
def test_an_eventless_guard_that_always_fails_is_told_once_and_does_not_go_round(handler: list[Document]) -> None:
    run = Driver({"a": {"always": [{"guard": "context.missing > 1", "target": "b"}], "on": handler}, "b": {}}, ORDER)
    assert (run.active, len(run.step.errors)) == ({"a"}, 1)
    assert run.context["order"] == ["told"] * len(handler)


def test_transitions_that_go_round_are_stopped_and_named() -> None:
    chart = chart_of({"a": {"always": [{"target": "b"}]}, "b": {"always": [{"target": "a"}]}})
    with pytest.raises(LoopError, match=r"stopped after 1000 .* go round: b/always/0, a/always/0"):
        start(chart, {}, BEGINNING, ENVIRONMENT)
    with pytest.raises(LoopError, match="stopped after 10 "):
        start(chart, {}, BEGINNING, Environment(1, "k", max_microsteps=10))


def test_an_event_that_raises_itself_is_stopped() -> None:
    chart = chart_of({"a": {"on": [on("go", actions=[{"type": "raise", "event": "go"}])]}})
    step = start(chart, {}, BEGINNING, ENVIRONMENT)
    with pytest.raises(LoopError, match="go round: a/on/0"):
        transition(chart, step.snapshot, Event("go"), BEGINNING, ENVIRONMENT)


def test_raised_events_cannot_fill_the_memory() -> None:
    twice = [{"type": "raise", "event": "go"}] * (MAX_QUEUE + 1)
    chart = chart_of({"a": {"on": [on("go", actions=twice)]}})
    step = start(chart, {}, BEGINNING, ENVIRONMENT)
    with pytest.raises(LoopError, match="raised events wait; the last is go"):
        transition(chart, step.snapshot, Event("go"), BEGINNING, ENVIRONMENT)


def test_a_text_that_doubles_in_a_loop_is_stopped_before_it_fills_the_memory() -> None:
    double = {"always": [{"target": "a", "actions": [assign("s", "context.s + context.s")]}]}
    with pytest.raises(LoopError):
        start(chart_of({"a": double}), {"s": "xx"}, BEGINNING, Environment(1, "k", max_microsteps=100))


def test_an_action_that_fails_is_told_to_the_chart() -> None:
    ways = [on("go", actions=[assign("x", "context.missing")]), on("error.execution", "b")]
    run = Driver({"a": {"on": ways}, "b": {}}).send("go")
    assert (run.active, len(run.step.errors)) == ({"b"}, 1)


# data


def test_assignments_reach_into_objects_and_leave_the_rest_alone() -> None:
    actions = [assign("context.a.b", "1"), assign("a.new.deep", "context.a.b + 1"), assign("list[0].x", "5")]
    run = Driver({"a": {"entry": actions}}, {"a": {"c": 0}, "list": [{"x": 0, "y": 1}, 2]})
    assert run.context == {"a": {"c": 0, "b": 1, "new": {"deep": 2}}, "list": [{"x": 5, "y": 1}, 2]}


def test_an_assignment_to_no_place_of_the_context_fails() -> None:
    for to, why in (
        ("new.deep", "the context has no “new”"),
        ("list[7]", "there is no list with an item 7"),
        ("_sessionid", "cannot be assigned to"),
        ("a b", "is no place in the context"),
        ("[0]", "is no place in the context"),
    ):
        run = Driver({"a": {"entry": [assign(to, "1")]}}, {"list": []})
        assert run.context == {"list": []}
        assert why in run.step.errors[0]


def test_an_assignment_into_what_is_no_object_fails() -> None:
    run = Driver({"a": {"entry": [assign("n.deep", "1")]}}, {"n": 5})
    assert run.context == {"n": 5}
    assert run.step.errors == ("cannot assign to n.deep: what should hold “deep” is no object",)


def test_a_given_context_goes_over_the_charts_own() -> None:
    chart = chart_of({"a": {}}, context={"a": 1, "b": [1]})
    step = start(chart, {"a": 2}, BEGINNING, ENVIRONMENT)
    assert step.snapshot.context == {"a": 2, "b": [1]}
    assert chart.context == {"a": 1, "b": [1]}


def test_expressions_may_read_the_instance_the_event_and_the_time_of_the_step() -> None:
    said = "instance.key + ' ' + string(instance.id) + ' ' + event.by + ' ' + string(now)"
    run = Driver({"a": {"on": [on("go", actions=[{"type": "log", "expr": said}])]}}).wait(hours=1).send("go", by="ada")
    assert run.log == ["SO-7 7 ada 2026-01-05T10:00:00Z"]
