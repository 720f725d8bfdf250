"""Every problem of a chart, found in one pass and given as values; a chart with an error is not published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from orchestrator.statechart.checks import (
    actions,
    activities,
    choices,
    expressions,
    inputs,
    loops,
    names,
    sagas,
    schema,
    states,
    transitions,
    waiting,
)
from orchestrator.statechart.checks.problem import Problem
from orchestrator.statechart.checks.silences import Examined, Silenced, divided
from orchestrator.statechart.definition import Activity, Chart

__all__ = ["Examined", "Problem", "Silenced", "examine", "validate"]

FORM = (states, transitions, activities, inputs, actions, expressions, names, schema)
SENSE = (choices, waiting, sagas, loops)  # these take it for granted that targets exist


def validate(chart: Chart) -> list[Problem]:
    """All problems that the chart does not silence, errors first, each in document order."""
    return list(examine(chart).problems)


def examine(chart: Chart) -> Examined:
    """All problems, and apart from them those which the chart silences, with the reasons."""
    found = [problem for part in FORM for problem in part.check(chart)]
    if chart.states and not any(problem.code in ("unknown-target", "unknown-initial") for problem in found):
        found.extend(problem for part in SENSE for problem in part.check(chart))
    inner = [(activity, examine(activity.chart)) for activity in _activities(chart) if activity.chart]
    found.extend(_within(activity, problem) for activity, child in inner for problem in child.problems)
    own = divided(chart, _as_written(chart, found))
    below = [replace(s, problem=_within(activity, s.problem)) for activity, child in inner for s in child.silenced]
    problems = sorted(own.problems, key=lambda problem: problem.severity != "error")
    return Examined(tuple(problems), (*own.silenced, *below))


def _activities(chart: Chart) -> Iterator[Activity]:
    return (activity for state in chart.states.values() for activity in state.activities)


def _within(activity: Activity, problem: Problem) -> Problem:
    """A problem of a child chart as one of the activity that runs it."""
    path = f"{activity.ref}/chart/{problem.path}".rstrip("/")
    return replace(problem, path=path, state=activity.ref.split("/", 1)[0], ref=activity.ref, field="chart")


def _as_written(chart: Chart, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems at the places where they were written: what was made of a task belongs to the state with the tasks."""
    made = {
        inner: (state.id, task.name)
        for state in chart.states.values()
        for task in state.tasks
        for region in (f"{state.id}.{task.name}",)
        for inner in (region, *chart.states[region].children)
    }
    for problem in problems:
        origin = made.get(problem.state or "")
        if origin is None:
            yield problem
            continue
        key, task = origin
        path = "/".join(part for part in (key, "tasks", task, problem.field) if part)
        yield replace(problem, path=path, state=key, ref=key, field="tasks")
