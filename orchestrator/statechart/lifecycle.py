"""What an operator does to a whole instance: cancel it, or let it go on after a failure."""

from __future__ import annotations

from datetime import datetime

from orchestrator.statechart import invoke, saga
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.effects import CancelActivity
from orchestrator.statechart.interpreter import let_go, settle
from orchestrator.statechart.run import run_of
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.steps import Environment, Step
from orchestrator.statechart.timing import arm


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
    failed = snapshot.status == "failed"
    if failed:
        run.status = "running"
        for key in run.configuration:
            arm(run, key)
    wanted, run.suspended = run.suspended, ()
    for name in wanted:
        state, activity = run.structure.activities.get(name, ("", None))
        if activity is not None and state in run.configuration:
            invoke.start(run, state, activity)
    if failed and run.compensating is not None:
        saga.undo_next(run)
    settle(run)
    return run.step(handled=True)
