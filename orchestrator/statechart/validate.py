"""Every problem of a chart, found in one pass and given as values; a chart with an error is not published."""

from __future__ import annotations

from orchestrator.statechart.checks import activities, expressions, states, transitions
from orchestrator.statechart.checks.durations import duration_problem
from orchestrator.statechart.checks.problem import Problem
from orchestrator.statechart.definition import Chart

__all__ = ["Problem", "validate"]


def validate(chart: Chart) -> list[Problem]:
    """All problems, errors first, each in document order."""
    found = [
        *states.check(chart),
        *transitions.check(chart),
        *activities.check(chart),
        *expressions.check(chart),
        *(
            problem
            for state in chart.states.values()
            if state.expected_within
            for problem in duration_problem(state.id, "expectedWithin", state.expected_within)
        ),
    ]
    return sorted(found, key=lambda problem: problem.severity != "error")
