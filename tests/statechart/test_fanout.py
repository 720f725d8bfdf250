"""An activity done for each item of a list: so many at once, some failures tolerated, results in order."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.statechart.effects import StartActivity
from tests.statechart.support import Document, Driver, call, on, undo


def fan(ways: Document | None = None, **more: Any) -> Driver:
    """An activity over `context.list`, whose result becomes `context.kept`."""
    spread = {"items": "context.list", **more}
    asked = {"callable": "ship", "what": "${item}", "at": "${index}"}
    work = call("ship", input=asked, map=spread, result="kept", onDone=[{"target": "end"}], **(ways or {}))
    states: Document = {
        "a": {"invoke": [work], "on": [on("leave", "other")]},
        "other": {"on": [on("undo", actions=[{"type": "compensate"}])]},
        "end": {"type": "final"},
    }
    return Driver(states, {"list": ["x", "y", "z"]})


def running(run: Driver) -> list[Any]:
    return [each.input["what"] for each in run.activities.values()]


def part(run: Driver, what: str) -> StartActivity:
    return next(each for each in run.activities.values() if each.input["what"] == what)


def done(run: Driver, what: str) -> Driver:
    return run.end(part(run, what), "done", {"result": what.upper()})


def failed(run: Driver, what: str) -> Driver:
    return run.end(part(run, what), "error", {"error": {"class": "E", "message": f"{what} broke"}})


def test_every_item_is_asked_for_and_the_results_come_in_the_order_of_the_items() -> None:
    run = fan()
    assert [(r.input["what"], r.input["at"]) for r in run.activities.values()] == [("x", 0), ("y", 1), ("z", 2)]
    done(done(done(run, "z"), "x"), "y")
    assert (run.status, run.context["kept"]) == ("completed", ["X", "Y", "Z"])


def test_only_so_many_run_at_once() -> None:
    run = fan(maxConcurrency=2)
    assert running(run) == ["x", "y"]
    assert running(done(run, "y")) == ["x", "z"]


def test_nothing_to_do_is_done_at_once() -> None:
    states: Document = {
        "a": {"invoke": [call("ship", map={"items": "[]"}, result="kept", onDone=[{"target": "end"}])]},
        "end": {"type": "final"},
    }
    run = Driver(states, {})
    assert (run.status, run.context["kept"]) == ("completed", [])


def test_tolerated_failures_leave_a_gap() -> None:
    run = failed(fan(toleratedFailures=1), "y")
    done(done(run, "x"), "z")
    assert (run.status, run.context["kept"]) == ("completed", ["X", None, "Z"])


def test_one_failure_too_many_stops_the_others_and_fails_the_whole() -> None:
    run = failed(fan({"onFailure": {"policy": "catch", "target": "other"}}), "y")
    assert (run.active, run.activities, run.step.snapshot.fans) == ({"other"}, {}, {})


def test_a_failed_instance_goes_on_with_what_has_not_ended_well() -> None:
    run = failed(done(fan(), "x"), "y")
    assert (run.status, len(run.incidents), running(run)) == ("failed", 1, [])
    run.resume()
    assert (run.status, running(run)) == ("running", ["y", "z"])
    done(done(run, "z"), "y")
    assert (run.status, run.context["kept"]) == ("completed", ["X", "Y", "Z"])


def test_leaving_the_state_lets_all_go_and_a_late_answer_has_no_effect() -> None:
    run = fan()
    late = part(run, "x")
    run.send("leave")
    assert (run.activities, run.step.snapshot.fans, run.step.snapshot.awaited) == ({}, {}, [])
    assert not run.send("done.invoke.ship", invocation=late.invocation, result=1).step.handled


def test_each_item_that_ended_well_is_undone_last_first() -> None:
    run = done(done(fan({"compensate": undo("ship")}), "z"), "x")
    run.send("leave").send("undo")
    assert run.asked("undo_ship").input["of"] == "X"
    run.answer("undo_ship")
    assert run.asked("undo_ship").input["of"] == "Z"
    assert run.answer("undo_ship").status == "compensated"


@pytest.mark.parametrize(
    ("items", "why"),
    [("context.five", "needs a list"), ("context.missing", "Key not found"), ("context.many", "at most")],
)
def test_a_list_that_cannot_be_had_fails_the_activity(items: str, why: str) -> None:
    states: Document = {"a": {"invoke": [call("ship", map={"items": items})]}}
    run = Driver(states, {"many": list(range(10_001)), "five": 5})
    assert run.status == "failed"
    assert why in run.step.errors[0]


def test_an_input_that_cannot_be_worked_out_later_fails_the_whole() -> None:
    asked = {"callable": "ship", "n": "${10 / item}"}
    work = call("ship", input=asked, map={"items": "[1, 0]", "maxConcurrency": 1})
    run = Driver({"a": {"invoke": [work]}})
    run.end(next(iter(run.activities.values())), "done", {"result": 1})
    assert (run.status, run.activities) == ("failed", {})


def test_all_awaited_runs_are_known() -> None:
    run = fan(maxConcurrency=2)
    assert sorted(run.step.snapshot.awaited) == sorted(run.activities)
