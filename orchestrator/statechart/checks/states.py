"""States: their initial states, their kinds, and whether they can be reached and left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from orchestrator.statechart.checks.durations import duration_problem
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.definition import Chart, State
from orchestrator.statechart.select import history_default
from orchestrator.statechart.structure import Structure, structure_of

MAX_TARGETS = 200  # of one transition; each is compared with every other one


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of the chart as a whole and of each state, in document order."""
    if not chart.states:
        yield problem("no-states", "", "states", "The chart has no states.", "Add a state.")
        return
    yield from _initial(chart)
    yield from _same_context(chart)
    for state in chart.states.values():
        yield from _shape(chart, state)
        if state.expected_within:
            yield from duration_problem(state.id, "expectedWithin", state.expected_within)
        yield from _initial_child(chart, state)
        yield from _history(chart, state)
    ways = [transition for state in chart.states.values() for transition in state.transitions]
    if all(target in chart.states for way in ways for target in way.targets):
        yield from _movement(chart)


def _initial(chart: Chart) -> Iterator[Problem]:
    if chart.initial is None:
        yield problem(
            "no-initial", "", "initial", "The chart has no initial state.", "Choose where an instance begins."
        )
        return
    for target in chart.initial.targets:
        if target not in chart.states:
            message = f"The initial state “{target}” does not exist."
            yield problem("unknown-initial", "", "initial", message, "Choose a state of the chart.")
            return
    yield from apart(chart, "", "initial", chart.initial.targets)


def _initial_child(chart: Chart, state: State) -> Iterator[Problem]:
    if state.type == "compound" and state.children and state.initial is None:
        message = f"“{state.title}” has states inside but no initial one."
        yield problem("no-initial", state.id, "initial", message, "Choose which of them is entered first.")
    inside = structure_of(chart)
    targets = state.initial.targets if state.initial else ()
    lost = [target for target in targets if target not in chart.states or not inside.is_descendant(target, state.id)]
    for target in lost:
        message = f"The initial state “{target}” is not inside “{state.title}”."
        yield problem("unknown-initial", state.id, "initial", message, "Choose a state inside.")
    if not lost:
        yield from apart(chart, state.id, "initial", targets)


def _shape(chart: Chart, state: State) -> Iterator[Problem]:
    """What a kind of state may not have."""
    inside = [key for key in state.children if chart.states[key].type != "history"]
    if state.type in ("compound", "parallel") and not inside:
        message = f"“{state.title}” is {state.type} but holds no states."
        yield problem("no-children", state.id, "type", message, "Add states inside, or make it a plain state.")
    if state.type in ("atomic", "final", "history") and state.children:
        message = f"“{state.title}” is {state.type} but holds states."
        yield problem(
            "has-children", state.id, "type", message, "Make it compound or parallel, or move the states out."
        )
    if state.type == "final" and (state.transitions or state.activities):
        message = f"“{state.title}” is final but has ways out or activities."
        yield problem("final-goes-on", state.id, "type", message, "Remove them, or make it a plain state.")
    if state.type == "final" and state.parent and chart.states[state.parent].type == "parallel":
        message = f"“{state.title}” is final but stands directly in “{chart.states[state.parent].title}”, as a region."
        yield problem("final-region", state.id, "type", message, "Move it into a region, or make it a plain state.")
    if state.expected_within and state.type in ("final", "history"):
        message = f"“{state.title}” is {state.type}, so no instance waits in it."
        yield problem("expected-nowhere", state.id, "expectedWithin", message, "Remove the expected time.")
    if state.output is not None and state.type != "final":
        message = f"“{state.title}” has an output but is not final, so nobody receives it."
        yield problem("output-nowhere", state.id, "output", message, "Make it a final state, or remove the output.")


def _same_context(chart: Chart) -> Iterator[Problem]:
    """A key that two places define has the value of whichever is set last."""
    defined = dict.fromkeys(chart.context, "the chart")
    for state in chart.states.values():
        for name in state.context:
            if name in defined:
                message = f"“{name}” is also in the context of {defined[name]}."
                yield problem("same-context", state.id, "context", message, "Give one of them another name.")
            defined.setdefault(name, f"“{state.title}”")


def apart(chart: Chart, ref: str, field: str, targets: Sequence[str]) -> Iterator[Problem]:
    """Several targets, all of which exist, must lie in different regions."""
    if len(targets) > 1 and not _together(chart, targets):
        message = f"The targets {', '.join(targets)} cannot be active together."
        yield problem("apart", ref, field, message, "Choose one, or states in different regions.")


def _together(chart: Chart, targets: Sequence[str]) -> bool:
    """Whether all targets may be active at once: each two lie in different regions of a parallel state.

    A history state of that parallel state stands for all its regions, so it goes with none of them.
    """
    structure = structure_of(chart)
    for one, other in combinations(targets[:MAX_TARGETS], 2):
        line = (other, *structure.ancestors[other])
        shared = next((a for a in (one, *structure.ancestors[one]) if a in line), None)
        if shared is None or shared in (one, other) or chart.states[shared].type != "parallel":
            return False
        if any(chart.states[key].type == "history" and chart.states[key].parent == shared for key in (one, other)):
            return False
    return True


def _history(chart: Chart, state: State) -> Iterator[Problem]:
    if state.type != "history":
        return
    if state.parent is None:
        message = f"The history state “{state.title}” stands outside of any state, so there is nothing to remember."
        yield problem("history-outside", state.id, "type", message, "Move it into the state it should remember.")
    extra = any(t.kind != "always" or t.guard for t in state.transitions) or len(state.transitions) > 1
    if state.activities or state.entry or state.exit or extra:
        message = f"The history state “{state.title}” has more than its default transition."
        yield problem("history-content", state.id, "type", message, "Keep one automatic transition without a guard.")
    elif not any(transition.targets for transition in state.transitions):
        message = f"The history state “{state.title}” has no default for the first time."
        yield problem("history-default", state.id, "always", message, "Add an automatic transition to the default.")
    elif not all(_inside(chart, target, state.parent) for t in state.transitions for target in t.targets):
        message = f"The default of the history state “{state.title}” is not a state inside the one it remembers."
        yield problem("history-target", state.id, "always", message, "Choose a state inside that is no history state.")


def _inside(chart: Chart, key: str, parent: str | None) -> bool:
    """Whether a history state of `parent` may lead to this state; a target that does not exist is another problem."""
    state = chart.states.get(key)
    if state is None or parent is None:
        return True
    return state.type != "history" and structure_of(chart).is_descendant(key, parent)


def _movement(chart: Chart) -> Iterator[Problem]:
    structure = structure_of(chart)
    reached = dict.fromkeys(reachable(structure))
    for state in chart.states.values():
        if state.id not in reached and (state.parent is None or state.parent in reached):
            message = f"“{state.title}” can never be reached."
            yield problem("unreachable", state.id, "", message, "Add a transition to it, or delete it.")
    for key in reached:
        if _is_dead_end(structure, key):
            message = f"“{chart.states[key].title}” cannot be left and is not final."
            yield problem("dead-end", key, "", message, "Add a way out, or make it a final state.")


def _is_dead_end(structure: Structure, key: str) -> bool:
    """Whether an instance that is here stays here for ever."""
    states = structure.chart.states
    if not structure.is_leaf(key) or states[key].type != "atomic":
        return False
    around = [states[name] for name in (key, *structure.ancestors[key])]
    if any(state.type == "parallel" for state in around):
        return False  # other regions may lead on
    return not any(
        transition.targets and (transition.kind != "done" or can_be_done(structure.chart, state.id))
        for state in around
        for transition in state.transitions
    )


def can_be_done(chart: Chart, key: str) -> bool:
    """Whether `done.state` of this state can ever be raised."""
    state = chart.states[key]
    inside = [child for child in state.children if chart.states[child].type != "history"]
    if state.type == "parallel":
        return bool(inside) and all(can_be_done(chart, child) for child in inside)
    return any(chart.states[child].type == "final" for child in inside)


def reachable(structure: Structure) -> list[str]:
    """Every state that some sequence of events may enter, in document order."""
    found: set[tuple[str, str | None]] = set()
    waiting = [aimed for key in structure.initial for aimed in _aimed(structure, key)]
    while waiting:
        entered = waiting.pop()
        if entered not in found:
            found.add(entered)
            waiting.extend(_implied(structure, *entered))
    return structure.in_order({key for key, _ in found})


def _aimed(structure: Structure, target: str, within: str | None = None) -> Iterator[tuple[str, str | None]]:
    """A target by default (None), and its ancestors each for the sake of the child that lies on the way to it."""
    above = structure.ancestors[target]
    above = above[: above.index(within)] if within in above else above
    yield target, None
    yield from zip(above, (target, *above), strict=False)


def _implied(structure: Structure, key: str, through: str | None) -> Iterator[tuple[str, str | None]]:
    """What is entered, or may be later, once a state is entered by default or for the sake of a child."""
    state = structure.chart.states[key]
    for transition in state.transitions:
        for target in transition.targets:
            yield from _aimed(structure, target)
    if state.type == "history":
        for target in history_default(structure, key):
            yield from _aimed(structure, target)
    elif state.type == "parallel":
        yield from ((child, None) for child in structure.children[key] if child != through)
    elif state.type == "compound" and through is None:
        for target in structure.initial_of(state):
            yield from _aimed(structure, target, within=key)
