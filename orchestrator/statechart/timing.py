"""Timeouts and expected times: set when a state is entered, cleared when it is left."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.statechart.effects import CancelTimer, ClearDeadline, SetDeadline, SetTimer
from orchestrator.statechart.expressions import ExpressionError
from orchestrator.statechart.run import Run
from orchestrator.statechart.values import seconds


def arm(run: Run, key: str) -> None:
    """Set the timers of a state from the moment it was entered; what is due by now fires at once."""
    state = run.structure.chart.states[key]
    entered = run.entered[key]
    for transition in run.structure.timeouts[key]:
        try:
            due = entered + timedelta(seconds=seconds(transition.delay or "", run))
        except (ExpressionError, OverflowError) as error:
            run.fail(str(error))
            continue
        name = transition.events[0]
        run.effects.append(SetTimer(id=name, event=name, due=max(due, run.now), data={}))
    if state.expected_within:
        try:
            until = entered + timedelta(seconds=seconds(state.expected_within, run))
        except (ExpressionError, OverflowError) as error:
            run.fail(str(error))
        else:
            run.effects.append(SetDeadline(state=key, entered=entered, due=until))


def disarm(run: Run, key: str) -> None:
    """Nothing of this state is waited for any more."""
    run.effects.extend(CancelTimer(transition.events[0]) for transition in run.structure.timeouts[key])
    if run.structure.chart.states[key].expected_within:
        run.effects.append(ClearDeadline(key))
