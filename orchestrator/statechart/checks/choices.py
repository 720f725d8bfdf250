"""Transitions that compete for one event: shadowed ones, guards that overlap, and values for which none holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from orchestrator.statechart.checks import guards
from orchestrator.statechart.checks.durations import known_seconds
from orchestrator.statechart.checks.guards import Guard
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.types import schema_types
from orchestrator.statechart.definition import Chart, State, Transition

MAX_COMPARED = 20  # transitions of one event which are compared with each other
FAILURES = ("error", "error.*", "*")
Taken = Mapping[str, list[tuple[Guard, Transition]]]


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every state's transitions among one another, in document order."""
    whole = frozenset(path for path, kind in schema_types(chart.context_schema) if kind == "whole number")
    for state in chart.states.values():
        if state.type == "history" or not state.transitions:
            continue
        yield from _shadowed(state, whole)
        yield from _late(state)
        yield from _catch_all(state)
        for ways in _competing(state):
            yield from _overlap(ways, whole)
            yield from _gap(state, ways, whole)


def _shadowed(state: State, whole: frozenset[str]) -> Iterator[Problem]:
    """A transition is never taken when for each of its events an earlier one always is."""
    taken: dict[str, list[tuple[Guard, Transition]]] = {}
    for transition in state.transitions:
        guard = guards.read(transition.guard)
        names = [_plain(name) for name in transition.events] or [""]
        if not guards.possible(guard, whole):
            message = f"The guard “{transition.guard}” can never hold."
            yield problem("impossible-guard", transition.ref, "guard", message, "Correct the comparison.")
            continue
        firsts = [_first(taken, name, guard, whole) for name in names]
        if all(firsts):
            yield _never_taken(transition, firsts[0])
        for name in names:
            listed = taken.setdefault(name, [])
            if len(listed) < MAX_COMPARED or transition.guard is None:
                listed.append((guard, transition))


def _never_taken(transition: Transition, first: Transition | None) -> Problem:
    earlier = f"the one before it ({first.ref})" if first else "one before it"
    message = f"The transition can never be taken, because {earlier} is taken whenever this one could be."
    fix = "Give the earlier one a narrower guard, or move this transition before it."
    if first and "*" in first.events:
        fix = "Name the events of the earlier one instead of “*”, which also takes timeouts and results."
    return problem("shadowed", transition.ref, "guard", message, fix)


def _first(taken: Taken, name: str, guard: Guard, whole: frozenset[str]) -> Transition | None:
    """An earlier transition that takes every event of this name for which the guard holds."""
    for other in _covering(name):
        for earlier, transition in taken.get(other, ()):
            if guards.implies(guard, earlier, whole):
                return transition
    return None


def _covering(name: str) -> Iterator[str]:
    """The descriptors which match every event that this one matches."""
    yield name
    if not name:
        return
    yield "*"
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _plain(descriptor: str) -> str:
    return descriptor if descriptor == "*" else descriptor.removesuffix(".*").removesuffix(".")


def _late(state: State) -> Iterator[Problem]:
    """A timeout after one which always leaves the state earlier."""
    sure = [(seconds, t) for t, seconds in _timeouts(state) if t.guard is None and t.targets]
    if not sure:
        return
    shortest, first = min(sure, key=lambda pair: pair[0])
    for transition, seconds in _timeouts(state):
        if seconds > shortest:
            message = f"The timeout never comes: {first.ref} leaves the state before it."
            yield problem("shadowed", transition.ref, "delay", message, "Shorten this delay, or guard the other.")


def _timeouts(state: State) -> Iterator[tuple[Transition, float]]:
    for transition in state.transitions:
        seconds = known_seconds(transition.delay)
        if seconds is not None:
            yield transition, seconds


def _catch_all(state: State) -> Iterator[Problem]:
    """`*` also takes what tells of failures, unless an earlier transition does."""
    for transition in state.transitions:
        if transition.kind == "on" and transition.guard is None and "*" in transition.events:
            message = "“*” also takes error.execution and failures of activities, so nobody learns of them."
            fix = "Name the events, or put a transition for “error” before it."
            yield problem("catch-all", transition.ref, "event", message, fix)
        if transition.guard is None and any(name in FAILURES for name in transition.events):
            return


def _competing(state: State) -> Iterator[list[Transition]]:
    """Transitions with one and the same event, where there are several, and all automatic ones."""
    groups: dict[tuple[str, ...], list[Transition]] = {}
    for transition in state.transitions:
        if transition.kind in ("on", "always"):
            groups.setdefault(transition.events, []).append(transition)
    yield from (ways[:MAX_COMPARED] for ways in groups.values() if ways)


def _overlap(ways: list[Transition], whole: frozenset[str]) -> Iterator[Problem]:
    """Two guards on one path hold together, and neither is the narrower case of the other."""
    for at, transition in enumerate(ways):
        for earlier in ways[:at]:
            path, value = _both(guards.read(transition.guard), guards.read(earlier.guard), whole)
            if value is not None and set(earlier.targets) != set(transition.targets):
                message = f"When {path} is {value}, this guard and that of {earlier.ref} hold; the earlier one wins."
                yield problem("overlap", transition.ref, "guard", message, "Narrow one of the two guards.")
                break


def _both(mine: Guard, other: Guard, whole: frozenset[str]) -> tuple[str, str | None]:
    """The path of two guards, and a value for which both hold while each also holds without the other."""
    path = guards.only_path((mine, other))
    if path is None:
        return "", None
    here, there = mine.limits[path], other.limits[path]
    values = guards.samples((*here, *there), path in whole) or []
    held = [(guards.holds(here, value), guards.holds(there, value)) for value in values]
    both = next((guards.shown(value) for value, pair in zip(values, held, strict=True) if all(pair)), None)
    return path, both if (True, False) in held and (False, True) in held else None


def _gap(state: State, ways: list[Transition], whole: frozenset[str]) -> Iterator[Problem]:
    """A value for which no guard holds, where that leaves the instance standing or is a single forgotten value."""
    read = [guards.read(transition.guard) for transition in ways]
    path = guards.only_path(read)
    if path is None or len(ways) < 2:
        return
    values = guards.samples((limit for guard in read for limit in guard.limits[path]), path in whole)
    if values is None:
        return
    stands = all(transition.kind == "always" for transition in state.transitions) and not state.activities
    missed = [value for value in values if not any(guards.holds(guard.limits[path], value) for guard in read)]
    if missed and (stands or _is_mark(missed, read, path)):
        message = f"When {path} is {guards.shown(missed[0])}, none of the guards of {_listed(ways)} holds."
        fix = "Widen one of them, for example with >= or <=, or add a transition without a guard at the end."
        yield problem("gap", ways[-1].ref, "guard", message, fix)


def _is_mark(missed: list[guards.Constant], read: Iterable[Guard], path: str) -> bool:
    """Whether all that is missed are numbers which guards name as their bounds."""
    marks = {c for guard in read for op, c in guard.limits[path] if op in ("<", ">")}
    return all(not isinstance(value, bool | str) and value in marks for value in missed)


def _listed(ways: list[Transition]) -> str:
    return " and ".join(way.ref for way in ways[:3])
