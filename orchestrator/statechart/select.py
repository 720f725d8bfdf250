"""Which transitions fire: enabled ones in document order, then without conflicts (SCXML Appendix D)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from orchestrator.statechart.definition import Transition
from orchestrator.statechart.structure import Structure, matches

History = Mapping[str, tuple[str, ...]]
Domains = Mapping[str, str | None]


def enabled(
    structure: Structure,
    configuration: tuple[str, ...],
    event: str | None,
    holds: Callable[[Transition], bool],
) -> list[Transition]:
    """For each atomic state the first transition that holds, innermost first (SCXML: selectTransitions).

    `event` None selects eventless ones (SCXML: selectEventlessTransitions). Each guard is asked at most once: one
    event, one answer, also for states of several regions.
    """
    chosen: list[Transition] = []
    choices = _choices(structure, configuration, event)
    if not choices:
        return chosen
    asked: dict[str, bool] = {}
    for options in choices:
        for option in options:
            if option.guard is not None:
                if option.ref not in asked:
                    asked[option.ref] = holds(option)
                if not asked[option.ref]:
                    continue
            if option not in chosen:
                chosen.append(option)
            break
    return chosen


def _choices(
    structure: Structure, configuration: tuple[str, ...], event: str | None
) -> tuple[tuple[Transition, ...], ...]:
    """For each atomic state all transitions that the event may enable, in the order in which they are asked."""
    key = (configuration, event)
    found = structure.choices.get(key)
    if found is not None:
        return found
    lines = []
    for leaf in (state for state in configuration if structure.is_leaf(state)):
        ways = [
            way for state in (leaf, *structure.ancestors[leaf]) for way in structure.chart.states[state].transitions
        ]
        fitting = tuple(way for way in ways if (way.kind == "always" if event is None else matches(way, event)))
        if fitting:
            lines.append(fitting)
    return structure.choices.keep(key, tuple(lines))


def without_conflicts(structure: Structure, transitions: list[Transition], history: History) -> list[Transition]:
    """Those that can fire together; a descendant's wins over an ancestor's (SCXML: removeConflictingTransitions)."""
    if len(transitions) < 2:
        return transitions
    domains = domains_of(structure, transitions, history)
    kept: list[Transition] = []
    for candidate in transitions:
        rivals = [other for other in kept if _meet(structure, domains, candidate, other)]
        if all(structure.is_descendant(candidate.source, other.source) for other in rivals):
            kept = [other for other in kept if other not in rivals]
            kept.append(candidate)
    return kept


def _meet(structure: Structure, domains: Domains, one: Transition, other: Transition) -> bool:
    """Whether both leave some state: as every domain holds active states, when one domain is or holds the other."""
    if one.ref not in domains or other.ref not in domains:
        return False
    inner, outer = domains[one.ref], domains[other.ref]
    if inner is None or outer is None or inner == outer:
        return True
    return structure.is_descendant(inner, outer) or structure.is_descendant(outer, inner)


def exit_set(structure: Structure, domains: Domains, configuration: Iterable[str]) -> list[str]:
    """Active states that transitions with these domains leave, innermost first (SCXML: computeExitSet)."""
    within = set(domains.values())
    if None in within:
        return structure.in_order(configuration)[::-1]
    left = (state for state in configuration if not within.isdisjoint(structure.ancestors[state]))
    return structure.in_order(left)[::-1]


def domains_of(structure: Structure, transitions: Iterable[Transition], history: History) -> Domains:
    """The domain of each transition by its ref; one without targets has none."""
    return {t.ref: domain(structure, t, history) for t in transitions if t.targets}


def domain(structure: Structure, transition: Transition, history: History) -> str | None:
    """The state within which everything happens; None is the whole chart (SCXML: getTransitionDomain)."""
    targets = effective_targets(structure, transition.targets, history)
    source = transition.source
    if (
        transition.internal
        and structure.chart.states[source].type == "compound"
        and all(structure.is_descendant(target, source) for target in targets)
    ):
        return source
    return structure.common_ancestor([source, *targets])


def effective_targets(structure: Structure, targets: Iterable[str], history: History) -> list[str]:
    """The targets with history states replaced by what they stand for (SCXML: getEffectiveTargetStates)."""
    found: list[str] = []
    for target in targets:
        if structure.chart.states[target].type != "history":
            found.append(target)
        elif target in history:
            found.extend(history[target])
        else:
            found.extend(effective_targets(structure, history_default(structure, target), history))
    return list(dict.fromkeys(found))


def history_default(structure: Structure, target: str) -> tuple[str, ...]:
    """Where a history state leads before anything is remembered: its transition, or else its parent's initial state."""
    state = structure.chart.states[target]
    named = next((t.targets for t in state.transitions if t.targets), ())
    if named:
        return named
    if state.parent is None:
        return structure.initial
    parent = structure.chart.states[state.parent]
    if parent.type == "parallel":
        return structure.children[parent.id]
    first = structure.initial_of(parent)
    if any(structure.chart.states[key].type == "history" for key in first):
        return structure.children[parent.id][:1]
    return first
