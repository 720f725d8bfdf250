"""Machines in code: they are the same documents as drawn ones, and a mistake names its line and its mend."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import sdk
from orchestrator.sdk import (
    Machine,
    MachineError,
    activity,
    assign,
    block,
    cancel,
    choose,
    compensate,
    emit,
    fan_out,
    for_each,
    log,
    otherwise,
    raise_event,
    retry,
    send,
    to,
    undo,
    when,
)
from orchestrator.sdk.actions import Action
from orchestrator.statechart.definition import (
    Assign,
    Block,
    Branch,
    Cancel,
    Chart,
    Choose,
    Compensate,
    Emit,
    ForEach,
    Initial,
    Limits,
    Log,
    Raise,
    Retry,
    Send,
    Silence,
)
from orchestrator.statechart.document import parse
from orchestrator.statechart.durations import parse_duration


@activity("tests.reserve")
def reserve(order_id: str, amount: float = 0) -> dict[str, str]:
    return {"reservation": f"res-{order_id}"}


@activity
def release_it(reservation: str) -> None:
    """Registered under its own name."""


def unregistered() -> None:
    """No activity."""


def read(machine: Machine) -> Chart:
    """The chart as a draft, in which kinds of activities may be unknown."""
    return parse(machine.document())


def refusal(machine: Machine) -> str:
    with pytest.raises(MachineError) as caught:
        machine.chart()
    return str(caught.value)


ORDER: dict[str, Any] = {
    "signalbox": 1,
    "id": "order",
    "title": "Order",
    "owner": "shop",
    "context": {"total": 10},
    "initial": "placed",
    "states": {
        "placed": {
            "expectedWithin": "PT1H",
            "on": [
                {
                    "event": "paid",
                    "target": "shipping",
                    "guard": "event.amount >= context.total",
                    "actions": [{"type": "assign", "to": "paid", "expr": "true"}],
                },
                {"event": ["stop", "halt"], "target": "cancelled"},
            ],
            "after": [{"delay": "P2D", "target": "cancelled"}],
            "always": [{"target": "done", "guard": "context.total == 0"}],
        },
        "shipping": {
            "invoke": [
                {
                    "kind": "python",
                    "title": "Tests reserve",
                    "input": {"callable": "tests.reserve", "args": {"order_id": "${instance.key}"}},
                    "onDone": [{"target": "done"}],
                    "onFailure": {"policy": "escalate"},
                }
            ]
        },
        "done": {"type": "final", "output": {"paid": "${context.total}"}},
        "cancelled": {"type": "final"},
    },
}


def test_a_declared_machine_is_the_chart_of_its_document() -> None:
    order = Machine("order", title="Order", owner="shop", context={"total": 10})
    placed = order.state("placed", initial=True, expected_within=timedelta(hours=1))
    placed.on("paid", "shipping", guard="event.amount >= context.total", actions=[assign("paid", "true")])
    placed.on(["stop", "halt"], "cancelled")
    placed.after(timedelta(days=2), "cancelled")
    shipping = order.state("shipping")
    shipping.invoke(reserve, input={"order_id": "${instance.key}"}, on_done="done", on_failure="escalate")
    done = order.final("done", output={"paid": "${context.total}"})
    order.final("cancelled")
    placed.always(done, guard="context.total == 0")
    assert order.chart() == parse(ORDER)


def test_states_lie_in_states_with_histories_and_regions() -> None:
    machine = Machine("m")
    work = machine.parallel("work", initial=True)
    left = work.state("left")
    one = left.state("one", initial=True)
    left.history("back", one, deep=True)
    left.history("last")
    right = work.state("right", description="The other one", meta={"x": 1}, owner="ops", context={"y": 2})
    right.start_in("two", actions=[log("context.n")])
    right.final("two")
    work.on_done("end")
    machine.final("end")
    states = read(machine).states
    assert list(states) == ["work", "left", "one", "back", "last", "right", "two", "end"]
    assert [states[key].type for key in ("work", "left", "back", "two")] == ["parallel", "compound", "history", "final"]
    assert (states["back"].history, states["last"].history) == ("deep", "shallow")
    assert states["back"].transitions[0].targets == ("one",)
    assert states["right"].initial == Initial(("two",), (Log("context.n"),))
    assert states["work"].transitions[0].kind == "done"


@pytest.mark.parametrize(
    ("made", "meant"),
    [
        (assign("a.b", "1"), Assign("a.b", "1")),
        (raise_event("e"), Raise("e")),
        (raise_event("e", [1]), Raise("e", [1])),
        (send("e", {"x": 1}, delay=timedelta(seconds=1.5)), Send("e", {"x": 1}, "PT1.500000S")),
        (send("e", id="i", target="#_parent", id_to="k"), Send("e", id="i", target="#_parent", id_to="k")),
        (emit("e", "t"), Emit("e", "t")),
        (emit("e", "t", {"x": 1}, key="k"), Emit("e", "t", {"x": 1}, "k")),
        (cancel("i"), Cancel("i")),
        (log("1", "one"), Log("1", "one")),
        (compensate(), Compensate()),
        (block(cancel("i")), Block((Cancel("i"),))),
        (
            choose(when("true", cancel("i")), otherwise(cancel("j"))),
            Choose((Branch("true", (Cancel("i"),)), Branch(None, (Cancel("j"),)))),
        ),
        (for_each("[1]", cancel("i")), ForEach("[1]", "item", None, (Cancel("i"),))),
        (for_each("[1]", item="x", index="n"), ForEach("[1]", "x", "n")),
    ],
)
def test_every_action_has_its_function(made: Action, meant: object) -> None:
    machine = Machine("m")
    machine.state("a", entry=[made], exit=[made, made])
    assert (read(machine).states["a"].entry, read(machine).states["a"].exit) == ((meant,), (meant, meant))


def test_an_activity_has_all_that_the_document_knows() -> None:
    machine = Machine("m")
    state = machine.state("a")
    state.invoke(
        reserve,
        id="stock",
        title="Take it",
        input={"order_id": "${item}", "amount": 2},
        result="stock",
        timeout="PT9S",
        retry=retry(5, interval=timedelta(seconds=2), backoff=3, max_interval="PT1M", jitter=False, errors=["E"]),
        compensate=undo(release_it, input={"reservation": "${result}"}, title="Give back", timeout="PT8S"),
        idempotency_key="${instance.key}",
        map=fan_out("context.orders", max_concurrency=3, tolerated_failures=1),
        on_done=[to("b", guard="event.ok"), to(actions=[cancel("x")])],
        on_failure=to("c", actions=[cancel("y")]),
    )
    state.invoke("http", input={"url": "https://example.com"}, on_done=machine.state("b"))
    machine.state("c")
    first, second = read(machine).states["a"].activities
    assert (first.id, first.title, first.result, first.timeout) == ("stock", "Take it", "stock", "PT9S")
    assert first.retry == Retry(5, "PT2S", 3.0, "PT1M", False, ("E",))
    assert first.compensation is not None
    assert first.compensation.input == {"callable": "release_it", "args": {"reservation": "${result}"}}
    assert first.map is not None
    assert (first.map.items, first.map.max_concurrency, first.map.tolerated_failures) == ("context.orders", 3, 1)
    assert (second.kind, second.input) == ("http", {"url": "https://example.com"})
    ways = read(machine).states["a"].transitions
    assert [(way.kind, way.targets) for way in ways] == [
        ("activity-done", ("b",)),
        ("activity-done", ()),
        ("activity-error", ("c",)),
        ("activity-done", ("b",)),
    ]


def test_tasks_wait_for_one_another() -> None:
    machine = Machine("m")
    both = machine.state("prepare", initial=True)
    both.task("pick", reserve, input={"order_id": "1"})
    both.task("pack", "python", input={"callable": "x"}, after="pick", on_failure="skip", retry=retry(2))
    both.on_done("end")
    machine.final("end")
    chart = machine.chart()
    assert [(task.name, task.after) for task in chart.states["prepare"].tasks] == [("pick", ()), ("pack", ("pick",))]
    assert chart.states["prepare.pick"].title == "Tests reserve"


def test_tasks_have_limits() -> None:
    machine = Machine("m")
    state = machine.state("a", initial=True, max_concurrency=2, tolerated_failures=1)
    state.task("t", "python", input={"callable": "x"})
    assert machine.chart().states["a"].limits == Limits(max_concurrency=2, tolerated_failures=1)


def test_a_machine_runs_another_as_a_child_with_all_that_is_declared_of_it_in_time() -> None:
    child, parent = Machine("child"), Machine("parent")
    state = parent.state("a", initial=True)
    state.invoke("email", input={"to": "x"})
    state.invoke(child, input={"context": {"n": 1}}, autoforward=True, finalize=[cancel("x")], id_to="child")
    child.state("late", initial=True)
    run = read(parent).states["a"].activities[1]
    assert (run.kind, run.chart, run.autoforward, run.id_to) == ("chart", read(child), True, "child")
    assert run.finalize == (Cancel("x"),)
    child.state("more").invoke(parent)
    with pytest.raises(MachineError, match="runs itself as a child"):
        parent.document()


def test_what_is_said_of_the_whole_machine_is_in_the_chart() -> None:
    machine = Machine(
        "m", description="d", context_schema={"type": "object"}, binding="late", meta={"x": [1]}, owner="ops"
    )
    machine.silence("dead-end", "meant so", path="a")
    machine.start_in("a", "b", actions=[cancel("x")])
    chart = read(machine)
    assert (chart.title, chart.description, chart.owner, chart.binding) == ("M", "d", "ops", "late")
    assert (chart.context_schema, chart.meta) == ({"type": "object"}, {"x": [1]})
    assert chart.silenced == (Silence("dead-end", "meant so", "a"),)
    assert chart.initial == Initial(("a", "b"), (Cancel("x"),))


def test_a_mistake_names_the_line_of_the_declaration_and_the_mend() -> None:
    machine = Machine("m")
    outer = machine.state("outer", initial=True)
    inner = outer.state("inner", initial=True)
    inner.on("x", "inner")
    line = sys._getframe().f_lineno + 1
    inner.on("go", "nowhere")
    told = refusal(machine)
    assert f"{__file__}:{line}: inner/on/1/target: The target “nowhere” does not exist. Choose a state" in told


def test_a_mistake_of_form_names_the_line_too() -> None:
    machine = Machine("m")
    state = machine.state("outer").state("inner")
    line = sys._getframe().f_lineno + 1
    state.invoke("python", timeout="x" * 3000)
    with pytest.raises(MachineError) as caught:
        machine.document()
    assert caught.value.lines[0].startswith(f"{__file__}:{line}: states/outer/states/inner/invoke/0/timeout: ")


def test_a_mistake_in_a_task_names_the_line_of_the_task() -> None:
    machine = Machine("m")
    state = machine.state("a", initial=True)
    line = sys._getframe().f_lineno + 1
    state.task("t", "carrier-pigeon")
    assert f"{__file__}:{line}: a/tasks/t/kind: " in refusal(machine)


def test_a_mistake_of_the_whole_names_the_machine() -> None:
    line = sys._getframe().f_lineno + 1
    machine = Machine("m")
    assert f"{__file__}:{line}: states: The chart has no states. Add a state." in refusal(machine)


@pytest.mark.parametrize(
    ("declare", "told"),
    [
        (lambda m, a: m.state("a"), "has a state “a” already"),
        (lambda m, a: (m.state("b", initial=True), m.state("c", initial=True)), "has an initial state already"),
        (lambda m, a: (a.task("t", "python"), a.task("t", "python")), "has a task “t” already"),
        (lambda m, a: a.invoke(unregistered), "put @activity above its definition"),
        (lambda m, a: a.invoke(reserve), "missing a required argument: 'order_id'"),
        (lambda m, a: a.invoke(reserve, input={"order_id": "1", "colour": "red"}), "unexpected keyword argument"),
        (lambda m, a: a.invoke("python", compensate=release_it), "missing a required argument: 'reservation'"),
    ],
)
def test_what_can_be_known_at_once_is_refused_at_once(declare: Any, told: str) -> None:
    machine = Machine("m")
    with pytest.raises(MachineError, match=told):
        declare(machine, machine.state("a"))


@pytest.mark.parametrize(
    "declare",
    [
        lambda state: state.state("x", colour="red"),
        lambda state: state.on("x", onTarget="y"),
        lambda state: state.invoke("python", onDone="y"),
        lambda state: state.task("x", "python", on_done="y"),
        lambda state: state.after("PT1S", event="y"),
    ],
)
def test_an_unknown_keyword_is_refused_with_those_there_are(declare: Any) -> None:
    with pytest.raises(TypeError, match="it may have"):
        declare(Machine("m").state("a"))


def test_what_was_given_can_be_changed_later_without_changing_the_machine() -> None:
    context: dict[str, Any] = {"lines": [1]}
    machine = Machine("m", context=context)
    context["lines"].append(2)
    assert machine.document()["context"] == {"lines": [1]}


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_500)))
def test_a_timedelta_is_the_same_duration(duration: timedelta) -> None:
    machine = Machine("m")
    machine.state("a", expected_within=duration)
    written = read(machine).states["a"].expected_within
    assert written is not None
    assert abs(parse_duration(written) - duration.total_seconds()) < 1e-5


def test_a_bare_decorator_takes_the_name_of_the_function_which_stays_a_function() -> None:
    assert reserve("7") == {"reservation": "res-7"}
    with pytest.raises(ValueError, match="registered twice"):
        activity("release_it")(unregistered)


def test_all_that_is_offered_is_there_and_loads_no_framework() -> None:
    assert all(hasattr(sdk, name) for name in sdk.__all__)
    code = "import sys, orchestrator.sdk; print([n for n in ('django', 'celery', 'psycopg') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
