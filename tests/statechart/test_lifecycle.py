"""What an operator does to a whole instance: cancel it, let it go on after a failure, skip an activity, move it."""

from __future__ import annotations

import pytest

from orchestrator.statechart import lifecycle
from orchestrator.statechart.effects import CancelActivity, CancelTimer, ClearDeadline
from orchestrator.statechart.snapshot import FINISHED, Snapshot, Status
from orchestrator.statechart.steps import Event
from orchestrator.statechart.transition import LoopError, transition
from tests.statechart.support import BEGINNING, ENVIRONMENT, Document, Driver, assign, call, mark, on, undo

END: Document = {"end": {"type": "final"}}
BUSY: Document = {
    "a": {
        "invoke": [call("work")],
        "after": [{"delay": "PT1H", "target": "end"}],
        "expectedWithin": "PT2H",
        "exit": [assign("left", "true")],
    },
    **END,
}


def test_cancelling_ends_timers_deadlines_and_activities_and_runs_no_exit_action() -> None:
    run = Driver(BUSY).cancel()
    assert run.step.effects == (CancelTimer("after.a/after/0"), ClearDeadline("a"), CancelActivity("work.1"))
    assert (run.status, run.active, run.context) == ("cancelled", {"a"}, {})
    assert run.step.handled
    assert run.step.snapshot.invocations == {}


def test_cancelling_while_undoing_stops_the_compensation_and_undoes_nothing_more() -> None:
    booking = {"invoke": [call("book", compensate=undo("book"), onDone=[{"target": "b"}])]}
    run = Driver({"a": booking, "b": {"entry": [{"type": "compensate"}]}}).answer("book").cancel()
    assert run.step.effects == (CancelActivity("book.undo.2"),)
    assert (run.status, run.step.snapshot.compensating, run.activities) == ("cancelled", None, {})
    assert len(run.step.snapshot.undoables) == 1


def test_a_failed_instance_can_be_cancelled() -> None:
    run = Driver(BUSY).failure("work").cancel()
    assert (run.status, run.step.snapshot.suspended) == ("cancelled", ())


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_an_instance_that_has_finished_takes_no_event(status: Status) -> None:
    run = Driver({"a": {"on": [on("go", "end")]}, **END})
    finished = run.step.snapshot._replace(status=status)
    step = transition(run.chart, finished, Event("go"), BEGINNING, ENVIRONMENT)
    assert step.snapshot is finished
    assert (step.handled, step.effects, step.microsteps) == (False, (), ())


def test_going_on_sets_timers_and_deadlines_from_when_the_state_was_entered() -> None:
    run = Driver(BUSY)
    timers, deadlines = dict(run.timers), dict(run.deadlines)
    run.wait(minutes=30).failure("work").wait(minutes=10).resume()
    assert (run.status, run.timers, run.deadlines) == ("running", timers, deadlines)
    assert run.step.snapshot.entered == {"a": BEGINNING}
    assert run.wait(minutes=20).status == "completed"


def test_the_activity_that_failed_keeps_its_run_and_its_key_for_the_retry() -> None:
    run = Driver(BUSY).failure("work").resume()
    assert run.started == ["work.1"]
    assert run.step.snapshot.invocations == {"work": "work.1"}
    run.send("done.invoke.work", invocation="work.1")
    assert run.step.handled


def test_an_eventless_transition_whose_time_has_come_is_taken_when_the_instance_goes_on() -> None:
    later = {"guard": "now > timestamp('2026-01-06T00:00:00Z')", "target": "end"}
    run = Driver({"a": {"invoke": [call("work")], "always": [later]}, **END}).failure("work").wait(days=2).resume()
    assert run.status == "completed"


def test_going_on_may_run_into_a_loop_like_any_step() -> None:
    guarded = {"guard": "context.missing == 1", "target": "a"}
    run = Driver({"a": {"invoke": [call("work")], "always": [guarded]}}).failure("work").mend(missing=1)
    with pytest.raises(LoopError):
        run.resume()


def test_an_activity_which_a_new_version_has_elsewhere_or_not_at_all_does_not_start_anew() -> None:
    run = Driver({**BUSY, "b": {"invoke": [call("moved")]}}).failure("work")
    run.step = run.step._replace(snapshot=run.step.snapshot._replace(suspended=("gone", "moved")))
    assert (run.resume().status, run.started) == ("running", ["work.1"])


def test_going_on_without_a_failure_changes_nothing() -> None:
    run = Driver(BUSY)
    before = run.step.snapshot
    assert run.resume().step.snapshot == before
    assert (run.step.effects, run.step.handled) == ((), True)


def test_a_chart_that_fails_again_and_again_never_doubles_what_it_waits_for() -> None:
    late = [{"delay": "PT9H", "target": "end"}]
    regions = {"r": {"invoke": [call("x")]}, "s": {"invoke": [call("y")], "after": late}}
    run = Driver({"p": {"type": "parallel", "states": regions, "entry": [mark("p")]}, **END}, {"order": []})
    for _ in range(5):
        assert run.failure("x").snapshot.suspended == ("y",)
        assert (run.activities, run.timers) == ({}, {})
        run.resume()
        assert (len(run.activities), len(run.timers), len(run.snapshot.invocations)) == (2, 1, 2)
    assert run.context["order"] == ["p"]


BOOKED: Document = {
    "a": {"invoke": [call("book", result="kept", compensate=undo("book"), onDone=[{"target": "b"}])]},
    "b": {"on": [on("undo", actions=[{"type": "compensate"}])]},
}


def test_a_running_activity_that_is_skipped_with_a_result_is_done_and_can_be_undone() -> None:
    run = Driver(BOOKED).skip("book", result={"ref": 7})
    assert (run.active, run.context, run.activities) == ({"b"}, {"kept": {"ref": 7}}, {})
    assert run.step.effects == (CancelActivity("book.1"),)
    assert [done.result for done in run.snapshot.undoables] == [{"ref": 7}]


def test_an_activity_that_is_skipped_without_a_result_brings_none_and_is_never_undone() -> None:
    run = Driver(BOOKED).skip("book")
    assert (run.active, run.context, run.snapshot.undoables) == ({"b"}, {}, ())


def test_skipping_what_failed_lets_the_instance_go_on_and_starts_what_had_stopped_with_it() -> None:
    regions = {
        "r": {"initial": "x", "states": {"x": {"invoke": [call("x", onDone=[{"target": "y"}])]}, "y": {}}},
        "s": {"invoke": [call("other")], "after": [{"delay": "PT9H", "target": "end"}]},
    }
    run = Driver({"p": {"type": "parallel", "states": regions}, **END}).failure("x")
    assert (run.status, run.timers) == ("failed", {})
    run.skip("x")
    assert (run.status, run.active, list(run.timers)) == ("running", {"y", "s"}, ["after.s/after/0"])
    assert [started.activity for started in run.activities.values()] == ["other"]


def test_an_activity_that_could_not_be_started_can_be_skipped() -> None:
    broken = call("x", input={"callable": "x", "n": "${context.missing}"}, onDone=[{"target": "end"}])
    run = Driver({"a": {"invoke": [broken]}, **END})
    assert run.snapshot.suspended == ("x",)
    assert run.skip("x").status == "completed"


def test_a_skipped_fan_out_lets_all_its_items_go() -> None:
    each = call("x", map={"items": "[1, 2, 3]", "maxConcurrency": 2}, onDone=[{"target": "end"}])
    run = Driver({"a": {"invoke": [each]}, **END}).skip("x")
    assert (run.status, run.activities, run.snapshot.fans) == ("completed", {}, {})


def test_a_compensation_that_cannot_succeed_can_be_skipped() -> None:
    run = Driver(BOOKED).answer("book").send("undo").failure("undo_book")
    assert (run.status, run.skip("book").status) == ("compensating", "compensated")


def test_what_nothing_waits_for_cannot_be_skipped() -> None:
    run = Driver(BUSY)
    with pytest.raises(lifecycle.Refused, match="“other”; those that can be skipped: work"):
        run.skip("other")


def test_a_move_leaves_all_and_enters_the_target_with_their_actions() -> None:
    inner: Document = {
        "x": {"exit": [mark("-x")], "invoke": [call("work")], "on": [on("go", "y")]},
        "y": {"entry": [mark("+y")]},
    }
    states = {"a": {"initial": "x", "states": inner, "exit": [mark("-a")], "entry": [mark("+a")]}}
    run = Driver(states, {"order": []}).move("y")
    assert run.context["order"] == ["+a", "-x", "-a", "+a", "+y"]
    assert (run.active, run.activities) == ({"y"}, {})
    assert run.step.microsteps == ((None, (), ("x", "a"), ("a", "y")),)


def test_a_move_into_one_region_enters_the_others_where_they_begin() -> None:
    one = {"r1": {"on": [on("go", "r2")]}, "r2": {}}
    other = {"s1": {"on": [on("go", "s2")]}, "s2": {}}
    regions: Document = {"r": {"initial": "r1", "states": one}, "s": {"initial": "s1", "states": other}}
    run = Driver({"a": {"on": [on("go", "p")]}, "p": {"type": "parallel", "states": regions}}).move("r2")
    assert run.active == {"r2", "s1"}


def test_a_failed_instance_that_is_moved_runs_again_and_a_final_state_ends_it() -> None:
    run = Driver(BUSY).failure("work")
    assert run.move("a").status == "running"
    assert run.started == ["work.1", "work.2"]
    assert run.move("end").status == "completed"
    assert run.activities == {}


@pytest.mark.parametrize(
    ("target", "said"), [("nowhere", "no state “nowhere”"), ("end.inner", "only ends “a”")], ids=["unknown", "final"]
)
def test_a_move_to_where_no_instance_can_wait_is_refused(target: str, said: str) -> None:
    inner: Document = {"x": {"on": [on("go", "end.inner")]}, "end.inner": {"type": "final"}}
    run = Driver({"a": {"initial": "x", "states": inner}})
    with pytest.raises(lifecycle.Refused, match=said):
        run.move(target)


def test_an_instance_that_undoes_or_has_not_begun_cannot_be_moved() -> None:
    undoing = Driver(BOOKED).answer("book").send("undo")
    with pytest.raises(lifecycle.Refused, match="undoing"):
        undoing.move("a")
    with pytest.raises(lifecycle.Refused, match="not begun"):
        lifecycle.move(undoing.chart, Snapshot(status="failed"), "a", BEGINNING, ENVIRONMENT)
