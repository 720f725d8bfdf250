"""Timeouts and expected times: set when a state is entered, cleared when it is left."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.statechart.effects import CancelTimer, ClearDeadline, SetDeadline, SetTimer
from orchestrator.statechart.expressions import ExpressionError
from orchestrator.statechart.run import Run
from orchestrator.statechart.values import later

PREFIX = "after."


def arm(run: Run, key: str, kept: Collection[str] = ()) -> None:
    """Set the timers of a state from the moment it was entered; what is due by now fires at once.

    `kept` are the timers, and the states with a deadline, which wait already.
    """
    state = run.structure.chart.states[key]
    entered = run.entered[key]
    for transition in run.structure.timeouts[key]:
        name = transition.events[0]
        if name in run.fired or name in kept:
            continue
        try:
            due = later(entered, transition.delay or "", run)
        except ExpressionError as error:
            _unset(run, key, str(error))
            continue
        run.effects.append(SetTimer(id=name, event=name, due=max(due, run.now), data={}))
    if state.expected_within and key not in kept:
        try:
            until = later(entered, state.expected_within, run)
        except ExpressionError as error:
            _unset(run, key, str(error))
        else:
            run.effects.append(SetDeadline(state=key, entered=entered, due=until))


def _unset(run: Run, key: str, message: str) -> None:
    """Nothing would wake this state, so a person is called besides the chart."""
    run.unset[key] = message
    run.fail(message)


def note(run: Run, event: str) -> None:
    """Remember a timeout that came, for as long as its state stays active."""
    state = event.removeprefix(PREFIX).split("/", 1)[0]
    known = any(event in transition.events for transition in run.structure.timeouts.get(state, ()))
    if known and state in run.configuration and event not in run.fired:
        run.fired = (*run.fired, event)


def left(run: Run, key: str) -> None:
    """The state is left, and what came of its times with it."""
    disarm(run, key)
    run.unset.pop(key, None)
    if run.fired:
        own = {transition.events[0] for transition in run.structure.timeouts[key]}
        run.fired = tuple(event for event in run.fired if event not in own)


def disarm(run: Run, key: str) -> None:
    """Nothing of this state is waited for any more."""
    run.effects.extend(CancelTimer(transition.events[0]) for transition in run.structure.timeouts[key])
    if run.structure.chart.states[key].expected_within:
        run.effects.append(ClearDeadline(key))
