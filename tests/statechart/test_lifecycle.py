"""What an operator does to a whole instance: cancel it, or let it go on after a failure."""

from __future__ import annotations

import pytest

from orchestrator.statechart.effects import CancelActivity, CancelTimer, ClearDeadline
from orchestrator.statechart.snapshot import FINISHED, Status
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
