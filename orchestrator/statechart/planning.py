"""A micro step worked out before anything happens: what is left, remembered and entered.

It depends on the chart, the configuration, the transitions and the history alone, so it is worked out once for all
instances that stand alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.statechart.definition import Action, Transition
from orchestrator.statechart.entry import EntrySet
from orchestrator.statechart.select import History, domains_of, exit_set
from orchestrator.statechart.structure import Structure


@dataclass(frozen=True, slots=True)
class Plan:
    """`exited` innermost first, `entered` outermost first; `after` is the configuration when all is done.

    `initials` and `defaults` are actions of initial and history default transitions by the state into which they lead.
    A `quiet` plan changes the configuration and nothing else, apart from the transitions' own actions.
    """

    refs: tuple[str, ...]
    exited: tuple[str, ...]
    history: History
    entered: tuple[str, ...]
    after: tuple[str, ...]
    initials: Mapping[str, tuple[Action, ...]]
    defaults: Mapping[str, tuple[Action, ...]]
    quiet: bool


def beginning(structure: Structure) -> Plan:
    """How an instance enters its first states."""
    entry = EntrySet(structure, {})
    entry.add_all(structure.initial, None)
    return _planned(structure, (), (), {}, entry, ())


def plan_of(
    structure: Structure, configuration: tuple[str, ...], transitions: Sequence[Transition], history: History
) -> Plan:
    """The plan for these transitions (SCXML: exitStates and enterStates without their effects)."""
    key = (configuration, tuple([transition.ref for transition in transitions]), *history.items())
    found = structure.plans.get(key)
    if isinstance(found, Plan):
        return found
    domains = domains_of(structure, transitions, history)
    exited = exit_set(structure, domains, configuration)
    known = _known(structure, configuration, exited, history)
    entry = EntrySet(structure, known)
    entry.add_transitions(transitions, domains)
    refs = tuple(transition.ref for transition in transitions)
    plan = _planned(structure, configuration, exited, known, entry, refs)
    structure.plans.keep(key, plan)
    return plan


def leap_to(structure: Structure, configuration: tuple[str, ...], target: str, history: History) -> Plan:
    """The plan of an external transition from the root: all is left, and the target entered."""
    exited = exit_set(structure, {"": None}, configuration)
    known = _known(structure, configuration, exited, history)
    entry = EntrySet(structure, known)
    entry.add_all((target,), None)
    return _planned(structure, configuration, exited, known, entry, ())


def _planned(
    structure: Structure,
    configuration: tuple[str, ...],
    exited: Sequence[str],
    history: History,
    entry: EntrySet,
    refs: tuple[str, ...],
) -> Plan:
    """A history state may name ancestors of its default which the transition did not leave; they just stay."""
    staying = set(configuration).difference(exited)
    entered = [key for key in structure.in_order(entry.states) if key not in staying]
    silent = structure.silent.issuperset(exited) and structure.silent.issuperset(entered)
    return Plan(
        refs=refs,
        exited=tuple(exited),
        history=history,
        entered=tuple(entered),
        after=tuple(structure.in_order(staying.union(entered))),
        initials=entry.initials,
        defaults=entry.defaults,
        quiet=silent and not any(entry.initials.values()) and not any(entry.defaults.values()),
    )


def _known(structure: Structure, configuration: tuple[str, ...], exited: Sequence[str], history: History) -> History:
    return {**history, **_remembered(structure, configuration, exited)} if structure.has_history else history


def _remembered(
    structure: Structure, configuration: tuple[str, ...], exited: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What a history state stands for from now on: the active leaves for deep, the active children for shallow."""
    found = {}
    for key in exited:
        inside = [state for state in configuration if structure.is_descendant(state, key)]
        for name in structure.histories[key]:
            deep = structure.chart.states[name].history == "deep"
            found[name] = tuple(
                state
                for state in inside
                if (structure.is_leaf(state) if deep else structure.chart.states[state].parent == key)
            )
    return found
