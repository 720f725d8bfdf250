"""Loops that nothing ends: of automatic transitions, of failures that lead back, and of raised events."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.statechart.checks import guards
from orchestrator.statechart.checks.flow import circles, graph
from orchestrator.statechart.checks.names import known_names
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.tokens import paths
from orchestrator.statechart.checks.types import initial_values
from orchestrator.statechart.checks.walk import by_person, flat, texts
from orchestrator.statechart.definition import Action, Chart, Raise, Transition
from orchestrator.statechart.structure import matches, structure_of

INSTANT = frozenset({"always"})
AUTOMATIC = frozenset({"always", "after", "done", "activity-done", "activity-error"})
FIX = "Count the rounds in the context and guard one of the transitions by the count."


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every loop, each at one of its transitions."""
    changing = _changing(chart)
    for transition in _closing(chart, INSTANT, changing):
        message = "Automatic transitions lead back to this one in the same step, and nothing ends that."
        yield problem("unbounded-loop", transition.ref, "guard", message, FIX)
        break
    for transition in _closing(chart, AUTOMATIC, changing):
        if transition.kind == "activity-error":
            message = "After each failure it is tried again, with no bound: a lasting failure never comes to a person."
            yield problem("unbounded-loop", transition.ref.removesuffix("/onFailure"), "onFailure", message, FIX)
    for state in chart.states.values():
        for transition in state.transitions:
            if transition.kind == "on" and transition.guard is None and _raises_itself(chart, transition):
                message = "The transition raises the very event that takes it, without end."
                yield problem("unbounded-loop", transition.ref, "actions", message, FIX)


def _changing(chart: Chart) -> frozenset[str]:
    """The context names which something writes after the start."""
    assigned = {found.sets.split(".", 1)[0].split("[", 1)[0] for found in texts(chart) if found.sets}
    return frozenset(name for name in known_names(chart) if name in assigned or name not in initial_values(chart))


def _closing(chart: Chart, kinds: Collection[str], changing: Collection[str]) -> list[Transition]:
    """The transitions of these kinds that lie on a loop which no guard that may change can end."""
    steady = {
        way.ref
        for state in chart.states.values()
        for way in state.transitions
        if way.kind in kinds and not by_person(state, way) and not _may_change(way.guard, changing)
    }
    if not steady:
        return []
    component = circles(graph(structure_of(chart), lambda way: way.ref in steady))
    loops: dict[int, list[Transition]] = {}
    for state in chart.states.values():
        for way in state.transitions:
            if way.ref in steady and any(component.get((t, True)) == component[state.id, False] for t in way.targets):
                loops.setdefault(component[state.id, False], []).append(way)
    return [way for loop in loops.values() if _goes_on(chart, loop, kinds, changing) for way in loop]


def _goes_on(chart: Chart, loop: list[Transition], kinds: Collection[str], changing: Collection[str]) -> bool:
    """Whether all guards of the loop can hold together, and no other way may become open."""
    together = [guard for way in loop if (guard := way.guard) is not None]
    if not guards.possible(guards.read(" && ".join(f"({guard})" for guard in together) or None)):
        return False
    rivals = [way for key in {way.source for way in loop} for way in chart.states[key].transitions]
    return not any(way.kind in kinds and _may_change(way.guard, changing) for way in rivals)


def _may_change(guard: str | None, changing: Collection[str]) -> bool:
    """Whether a guard that is true now may be false the next time."""
    if guard is None:
        return False
    read = [path.names for path in paths(guard)]
    if "In" in guard or any(names[0] not in ("context", "true", "has") for names in read):
        return True
    return any(len(names) == 1 and names[0] == "context" for names in read) or any(
        names[1] in changing for names in read if len(names) > 1
    )


def _raises_itself(chart: Chart, transition: Transition) -> bool:
    actions: list[Action] = list(transition.actions)
    if transition.targets == (transition.source,):
        actions += chart.states[transition.source].entry
    elif transition.targets:
        return False
    return any(isinstance(action, Raise) and matches(transition, action.event) for action in flat(actions))
