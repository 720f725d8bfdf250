"""What an operator does to a whole instance: cancel it, let it go on after a failure, skip an activity, move it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.statechart import invoke, saga
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.effects import CancelActivity
from orchestrator.statechart.interpreter import enter, leave, let_go, settle, take
from orchestrator.statechart.planning import leap_to
from orchestrator.statechart.run import Run, run_of
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.starting import DONE
from orchestrator.statechart.steps import Environment, Event, Microstep, Step
from orchestrator.statechart.timing import arm


class Refused(ValueError):
    """What an operator wants cannot be done to this instance; the text says why and what to do instead."""


def cancel(chart: Chart, snapshot: Snapshot, now: datetime, env: Environment) -> Step:
    """Stop the instance where it stands: timers and activities end, nothing is undone, no exit action runs."""
    run = run_of(chart, snapshot, now, env)
    let_go(run)
    if run.compensating is not None:
        run.effects.append(CancelActivity(run.compensating))
        run.compensating = None
    run.suspended = ()
    run.status = "cancelled"
    return run.step(handled=True)


def resume(chart: Chart, snapshot: Snapshot, now: datetime, env: Environment) -> Step:
    """Let a failed instance go on: its timers count from when the states were entered, stopped activities start anew.

    An activity which failed is tried again by the runtime, which still has its run; one that could not be started is
    worked out anew, also in an instance that went on without it. Raises LoopError.
    """
    run = run_of(chart, snapshot, now, env)
    _run_again(run)
    _start_suspended(run)
    if snapshot.status == "failed" and run.compensating is not None:
        saga.undo_next(run)
    settle(run)
    return run.step(handled=True)


def _run_again(run: Run) -> None:
    if run.status == "failed":
        run.status = "running"
        for key in run.configuration:
            arm(run, key)


def _start_suspended(run: Run) -> None:
    wanted, run.suspended = run.suspended, ()
    for name in wanted:
        state, activity = run.structure.activities.get(name, ("", None))
        if activity is not None and state in run.configuration:
            invoke.start(run, state, activity)


def skip(
    chart: Chart, snapshot: Snapshot, activity: str, given: Mapping[str, JSON], now: datetime, env: Environment
) -> Step:
    """Take an activity that runs or has failed as done; a failed instance goes on, and what else stopped starts anew.

    With a `result` in `given` it counts as done with this result, and can be undone; without one it brings nothing.
    Also the compensation that is under way can be skipped, by the activity which it undoes. Raises Refused, LoopError.
    """
    run = run_of(chart, snapshot, now, env)
    event = _answer(run, activity, {"result": given["result"]} if "result" in given else {"skipped": True})
    failed = run.status == "failed"
    _run_again(run)
    if failed:
        _start_suspended(run)
    take(run, event)
    settle(run)
    return run.step(handled=True)


def _answer(run: Run, activity: str, told: dict[str, JSON]) -> Event:
    """The event by which a skipped activity ends; its run is let go. Raises Refused."""
    check_skip(run.before, activity)
    if activity in run.suspended:
        run.suspended = tuple(name for name in run.suspended if name != activity)
        run.invocations[activity] = f"{activity}.{run.number()}"
    elif activity in run.invocations:
        fan = run.fans.get(activity)
        run.effects.extend(CancelActivity(name) for name in (fan.running if fan else (run.invocations[activity],)))
    elif run.compensating is not None:
        run.effects.append(CancelActivity(run.compensating))
        return Event(saga.DONE, {"invocation": run.compensating}, kind="platform")
    return Event(DONE + activity, {"invocation": run.invocations[activity], **told}, kind="platform")


def check_skip(snapshot: Snapshot, activity: str) -> None:
    """Raises Refused where no run of this activity is waited for, nor one that undoes it."""
    undoing = [snapshot.undoables[-1].activity] if snapshot.compensating is not None and snapshot.undoables else []
    waiting = list(dict.fromkeys((*snapshot.invocations, *snapshot.suspended, *undoing)))
    if activity not in waiting:
        known = ", ".join(waiting) or "none"
        raise Refused(f"nothing waits for the activity “{activity}”; those that can be skipped: {known}")


def move(chart: Chart, snapshot: Snapshot, target: str, now: datetime, env: Environment) -> Step:
    """Leave all that is active and enter a state, as by an external transition from the root: actions run.

    A failed instance runs again. Raises Refused, LoopError.
    """
    run = run_of(chart, snapshot, now, env)
    check_target(chart, snapshot, target)
    run.status = "running"
    plan = leap_to(run.structure, run.configuration, target, run.history)
    run.history = plan.history
    leave(run, plan)
    enter(run, plan)
    run.configuration = plan.after
    run.microsteps.append(Microstep(None, (), plan.exited, plan.entered))
    settle(run)
    return run.step(handled=True)


def check_target(chart: Chart, snapshot: Snapshot, target: str) -> None:
    """Raises Refused where a move would leave the instance in a place that it could not have come to by itself."""
    state = chart.states.get(target)
    if state is None:
        raise Refused(f"the chart has no state “{target}”; choose one of its states")
    if state.type == "final" and state.parent is not None:
        raise Refused(
            f"“{target}” only ends “{state.parent}”; move to the state that follows, or to a final one on top"
        )
    if not snapshot.configuration:
        raise Refused("the instance has not begun, so it cannot be moved; retry its start first")
    if snapshot.compensating is not None:
        raise Refused("the instance is undoing what it did; wait until that is done, or skip the compensation")
