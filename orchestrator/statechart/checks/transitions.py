"""Transitions: their targets, their delays, and those which can never fire because an earlier one is always first."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.durations import duration_problem
from orchestrator.statechart.checks.problem import Problem, error, warning
from orchestrator.statechart.checks.states import can_be_done
from orchestrator.statechart.definition import Chart, State, Transition
from orchestrator.statechart.structure import structure_of


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every transition, in document order."""
    for state in chart.states.values():
        for transition in state.transitions:
            yield from _targets(chart, transition)
            if transition.delay is not None:
                yield from duration_problem(transition.ref, "delay", transition.delay)
            if transition.kind == "done" and not can_be_done(chart, state.id):
                message = f"“{state.title}” can never be done: it lacks a final state inside."
                yield warning("never-done", transition.ref, "", message, "Add one, or let another event lead on.")
        yield from _shadowed(state)


def _targets(chart: Chart, transition: Transition) -> Iterator[Problem]:
    lost = [target for target in transition.targets if target not in chart.states]
    for target in lost:
        message = f"The target “{target}” does not exist."
        yield error("unknown-target", transition.ref, "target", message, "Choose a state that exists.")
    if not transition.targets and not transition.actions and transition.kind in ("always", "after"):
        message = "The transition has no target and does nothing."
        yield error("does-nothing", transition.ref, "target", message, "Choose a target or add an action.")
    if transition.kind == "always" and not transition.targets and not transition.guard and transition.actions:
        message = "The automatic transition has no target and no guard, so it would run without end."
        yield error("endless", transition.ref, "guard", message, "Give it a target, or a guard that becomes false.")
    if len(transition.targets) > 1 and not lost and not _together(chart, transition):
        message = f"The targets {', '.join(transition.targets)} cannot be active together."
        yield error("apart", transition.ref, "target", message, "Choose one, or states in different regions.")


def _together(chart: Chart, transition: Transition) -> bool:
    """Whether all targets may be active at once: each two lie in different regions of a parallel state.

    A history state of that parallel state stands for all its regions, so it goes with none of them.
    """
    structure = structure_of(chart)
    for at, one in enumerate(transition.targets):
        for other in transition.targets[at + 1 :]:
            line = (other, *structure.ancestors[other])
            shared = next((a for a in (one, *structure.ancestors[one]) if a in line), None)
            if shared is None or shared in (one, other) or chart.states[shared].type != "parallel":
                return False
            if any(chart.states[key].type == "history" and chart.states[key].parent == shared for key in (one, other)):
                return False
    return True


def _shadowed(state: State) -> Iterator[Problem]:
    """A transition after one of the same events that has no guard is never asked."""
    taken: dict[str, str] = {}
    for transition in state.transitions:
        if transition.kind == "after" or state.type == "history":
            continue
        names = transition.events or ("",)
        if all(name in taken for name in names):
            earlier = taken[names[0]]
            message = "The transition can never fire: an earlier one without a guard is always first."
            fix = f"Give {earlier} a guard, or move this transition before it."
            yield warning("shadowed", transition.ref, "guard", message, fix)
        if transition.guard is None:
            for name in names:
                taken.setdefault(name, transition.ref)
