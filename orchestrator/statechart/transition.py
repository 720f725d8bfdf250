"""The one function that moves an instance: pure, deterministic, and without any I/O; what should happen comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.statechart import data
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.interpreter import begin, deliver
from orchestrator.statechart.run import run_of
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.steps import Environment, Event, LoopError, Microstep, Step

__all__ = ["Environment", "Event", "LoopError", "Microstep", "Step", "start", "transition"]


def start(chart: Chart, context: Mapping[str, JSON], now: datetime, env: Environment) -> Step:
    """The first step of an instance: the chart's context with what was given over it, and the initial states.

    Raises LoopError.
    """
    run = run_of(chart, Snapshot(), now, env)
    data.begin(run, context)
    begin(run)
    return run.step(handled=True)


def transition(chart: Chart, snapshot: Snapshot, event: Event, now: datetime, env: Environment) -> Step:
    """One macrostep on one event (SCXML Appendix D, mainEventLoop); a finished instance takes no event.

    Raises LoopError.
    """
    if snapshot.status in FINISHED:
        return Step(snapshot=snapshot, effects=(), microsteps=(), handled=False, errors=())
    run = run_of(chart, snapshot, now, env)
    return run.step(handled=deliver(run, event))
