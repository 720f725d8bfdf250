"""The data model: when context values that a chart declares get their values (SCXML 5.3)."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.statechart.definition import JSON, State
from orchestrator.statechart.expressions import ExpressionError, render
from orchestrator.statechart.run import Run


def begin(run: Run, given: Mapping[str, JSON]) -> None:
    """The context of a new instance: what was given, and what the chart and its states declare besides.

    With late binding the values of states are null until the state is entered for the first time.
    """
    run.context = dict(given)
    complete(run)


def enter(run: Run, state: State) -> None:
    """Late data of a state get their values when it is entered for the first time."""
    if state.context and run.structure.chart.binding == "late" and state.id not in run.bound:
        run.bound = (*run.bound, state.id)
        _declare(run, state.context)


def complete(run: Run) -> None:
    """Add what the chart and its states declare and the context does not hold yet."""
    chart, given = run.structure.chart, run.context
    _declare(run, {name: value for name, value in chart.context.items() if name not in given})
    for state in chart.states.values():
        fresh = {name: value for name, value in state.context.items() if name not in given}
        if fresh and chart.binding == "late" and state.id not in run.configuration:
            run.context = {**run.context, **dict.fromkeys(fresh)}
        elif fresh:
            _declare(run, fresh)
            if chart.binding == "late":
                run.bound = (*run.bound, state.id)


def _declare(run: Run, values: Mapping[str, JSON]) -> None:
    """Set each value in order; one that cannot be worked out is null (SCXML 5.3.3)."""
    for name, value in values.items():
        try:
            found = render(value, run.scope())
        except ExpressionError as error:
            found = None
            run.fail(f"context {name}: {error}")
        run.context = {**run.context, name: found}
