"""Actions that hold actions, and events that go elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.statechart.effects import Emit, SendTo, SetTimer
from orchestrator.statechart.steps import MAX_ACTIONS, Environment, LoopError
from tests.statechart.support import BEGINNING, Document, Driver, assign, mark, on

ORDER: Document = {"order": []}


def choose(*branches: Document) -> Document:
    return {"type": "choose", "branches": list(branches)}


def branch(guard: str | None, *actions: Document) -> Document:
    return {**({"guard": guard} if guard else {}), "actions": list(actions)}


def each(items: str, *actions: Document, **more: str) -> Document:
    return {"type": "forEach", "items": items, "item": "x", "actions": list(actions), **more}


def ran(*actions: Document, **context: object) -> Driver:
    return Driver({"a": {"entry": list(actions)}}, {**ORDER, **context})  # type: ignore[dict-item]


# choose


@pytest.mark.parametrize(("n", "taken"), [(1, ["one"]), (2, ["two"]), (3, ["else"])])
def test_the_first_branch_that_holds_is_taken_or_else_the_last(n: int, taken: list[str]) -> None:
    action = choose(
        branch("context.n == 1", mark("one")),
        branch("context.n == 2 || context.n == 1", mark("two")),
        branch(None, mark("else")),
    )
    assert ran(action, n=n).context["order"] == taken


def test_nothing_happens_when_no_branch_holds() -> None:
    assert ran(choose(branch("false", mark("never"))), n=1).context["order"] == []


def test_a_guard_that_cannot_be_worked_out_counts_as_false_and_is_told() -> None:
    run = ran(choose(branch("context.missing", mark("never")), branch(None, mark("else"))), n=1)
    assert (run.context["order"], len(run.step.errors)) == (["else"], 1)


def test_a_failure_in_a_branch_ends_the_block_around_it() -> None:
    run = ran(choose(branch("true", assign("x", "context.missing"), mark("never"))), mark("neither"))
    assert (run.context["order"], len(run.step.errors)) == ([], 1)


def test_a_failure_in_a_block_ends_that_block_alone() -> None:
    block: Document = {"type": "block", "actions": [mark("one"), assign("x", "context.missing"), mark("never")]}
    run = ran(block, mark("two"))
    assert (run.context["order"], len(run.step.errors)) == (["one", "two"], 1)


# forEach


def test_each_item_and_its_index_are_in_the_context() -> None:
    run = ran(each("[5, 6]", assign("order", "context.order + [context.x * 10 + context.i]"), index="i"))
    assert run.context == {"order": [50, 61], "x": 6, "i": 1}


def test_a_list_that_changes_meanwhile_is_gone_through_as_it_was() -> None:
    run = ran(each("context.list", assign("list", "context.list + [9]"), mark("turn")), list=[1, 2])
    assert run.context["order"] == ["turn", "turn"]
    assert run.context["list"] == [1, 2, 9, 9]


def test_an_empty_list_is_nothing_to_do_and_what_is_no_list_fails() -> None:
    assert ran(each("[]", mark("never"))).context["order"] == []
    assert "needs a list" in ran(each("context.five", mark("never")), five=5).step.errors[0]


def test_a_failure_in_a_turn_ends_the_loop() -> None:
    run = ran(each("[1, 0, 2]", assign("n", "10 / context.x"), mark("turn")))
    assert (run.context["order"], len(run.step.errors)) == (["turn"], 1)


def test_loops_within_loops_are_bounded() -> None:
    action = mark("x")
    for _ in range(5):
        action = each("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", {"type": "log", "expr": "1"}, action)
    with pytest.raises(LoopError, match=str(MAX_ACTIONS)):
        ran(action)


# raise and send


def test_an_event_may_carry_any_value() -> None:
    raised: Document = {"type": "raise", "event": "r", "data": "${context.n + 1}"}
    ways = [on("go", actions=[raised]), on("r", "b", guard="event == 6")]
    assert Driver({"a": {"on": ways}, "b": {}}, {"n": 5}).send("go").active == {"b"}


def test_the_name_of_an_event_may_be_computed() -> None:
    ways = [on("go", actions=[{"type": "raise", "event": "to.${context.n}"}]), on("to.5", "b")]
    assert Driver({"a": {"on": ways}, "b": {}}, {"n": 5}).send("go").active == {"b"}
    empty = ran({"type": "raise", "event": "${''}"})
    assert "must be a text that is not empty" in empty.step.errors[0]


def sent(**more: str) -> Document:
    return {"type": "send", "event": "e", **more}


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        ({"event": "placed", "topic": "orders"}, Emit("orders", "placed", {})),
        (
            {"event": "n.${context.n}", "topic": "${'t' + 'x'}", "data": [1, "${context.n}"], "key": "${instance.key}"},
            Emit("tx", "n.5", [1, 5], "SO-7"),
        ),
    ],
)
def test_an_emitted_event_leaves_with_the_step(action: Document, effect: Emit) -> None:
    step = ran({"type": "emit", **action}, n=5).step
    assert (step.errors, step.effects) == ((), (effect,))


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"event": "e", "topic": "${'a b'}"}, "must be a name"),
        ({"event": "e", "topic": "t", "key": "${context.n}"}, "must be a text"),
        ({"event": "e", "topic": "t", "key": "${context.long}"}, "at most"),
        ({"event": "${''}", "topic": "t"}, "must be a text"),
    ],
)
def test_an_event_that_cannot_be_emitted_is_told_to_the_chart(action: Document, said: str) -> None:
    step = ran({"type": "emit", **action}, n=5, long="k" * 201).step
    assert step.effects == ()
    assert said in step.errors[0]


class WithParent(Driver):
    environment = Environment(instance_id=7, instance_key="SO-7", parent=True)


def test_an_event_to_the_internal_queue_comes_before_any_other() -> None:
    ways = [on("e", "b"), on("f", "c")]
    run = Driver({"a": {"entry": [sent(target="#_internal")], "on": ways}, "b": {}, "c": {}})
    assert (run.active, run.timers) == ({"b"}, {})


def test_an_event_to_ones_own_session_is_an_ordinary_one() -> None:
    (effect,) = ran(sent(target="${'#_scxml_' + _sessionid}")).step.effects
    assert isinstance(effect, SetTimer)


def test_an_event_for_the_parent_leaves_with_the_step() -> None:
    run = WithParent({"a": {"entry": [sent(target="#_parent", delay="PT5S", id="x")]}})
    (effect,) = run.step.effects
    assert isinstance(effect, SendTo)
    assert replace(effect, due=BEGINNING) == SendTo("send.x", "#_parent", "e", BEGINNING, {}, "x")


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("#_parent", "error.communication"),
        ("#_nobody", "error.communication"),
        ("somewhere", "error.execution"),
        ("${context.missing}", "error.execution"),
    ],
)
def test_an_event_that_cannot_be_sent_is_an_error_of_its_block(target: str, error: str) -> None:
    entry = [sent(target=target), mark("never")]
    run = Driver({"a": {"entry": entry, "on": [on(error, "b")]}, "b": {}}, ORDER)
    assert (run.active, run.context["order"]) == ({"b"}, [])


def test_sessions_that_are_known_not_to_be_there_are_not_sent_to() -> None:
    class Alone(Driver):
        environment = Environment(instance_id=7, instance_key="SO-7", reachable=("7",))

    states = {"a": {"entry": [sent(target="#_scxml_8")], "on": [on("error.communication", "b")]}, "b": {}}
    assert Alone(states).active == {"b"}


def test_the_id_of_a_sent_event_is_given_back() -> None:
    run = ran({**sent(delay="PT1H"), "idTo": "id"}, {"type": "cancel", "id": "${context.id}"})
    assert run.timers == {}
    assert run.context["id"]


def test_a_log_has_its_label() -> None:
    assert ran({"type": "log", "expr": "1 + 1", "label": "sum"}).log == ["sum: 2"]
