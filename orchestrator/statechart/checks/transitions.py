"""Transitions: their targets, their delays, and the events they wait for."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.durations import duration_problem
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.states import apart, can_be_done
from orchestrator.statechart.definition import Chart, Transition
from orchestrator.statechart.structure import Structure, structure_of


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every transition, in document order."""
    structure = structure_of(chart)
    for state in chart.states.values():
        for transition in state.transitions:
            yield from _targets(chart, transition)
            if transition.kind == "on":
                yield from _events(structure, transition)
            if transition.delay is not None:
                yield from duration_problem(transition.ref, "delay", transition.delay)
            if transition.kind == "done" and not can_be_done(chart, state.id):
                message = f"“{state.title}” can never be done: it lacks a final state inside."
                yield problem("never-done", transition.ref, "", message, "Add one, or let another event lead on.")


def _targets(chart: Chart, transition: Transition) -> Iterator[Problem]:
    lost = [target for target in transition.targets if target not in chart.states]
    for target in lost:
        message = f"The target “{target}” does not exist."
        yield problem("unknown-target", transition.ref, "target", message, "Choose a state that exists.")
    if not transition.targets and not transition.actions and transition.kind in ("always", "after"):
        message = "The transition has no target and does nothing."
        yield problem("does-nothing", transition.ref, "target", message, "Choose a target or add an action.")
    if transition.kind == "always" and not transition.targets and not transition.guard and transition.actions:
        message = "The automatic transition has no target and no guard, so it would run without end."
        yield problem("endless", transition.ref, "guard", message, "Give it a target, or a guard that becomes false.")
    if not lost:
        yield from apart(chart, transition.ref, "target", transition.targets)


def _events(structure: Structure, transition: Transition) -> Iterator[Problem]:
    """Events which the engine sends for a state or an activity that does not exist."""
    for name in transition.events:
        for prefix, known, what in (
            ("done.state.", structure.order, "state"),
            ("done.invoke.", structure.activities, "activity"),
            ("error.invoke.", structure.activities, "activity"),
        ):
            key = name.removeprefix(prefix).removesuffix(".*")
            if not name.startswith(prefix) or key in ("", "*"):
                continue
            if key in known or any(other.startswith(f"{key}.") for other in known):
                continue
            message = f"“{name}” never comes: there is no {what} “{key}”."
            yield problem("never-sent", transition.ref, "event", message, f"Correct the name of the {what}.")
