"""What follows from a chart alone, worked out once: order, ancestry, and which transitions an event may enable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.statechart.definition import Activity, Chart, State, Transition

REMEMBERED = 10_000  # event names are the senders' choice, so what is remembered of them is bounded
K = TypeVar("K")
V = TypeVar("V")
GENERATED = frozenset({"after", "done", "activity-done", "activity-error"})  # their events are matched exactly


class Memory(Generic[K, V]):
    """What was worked out before, forgotten as a whole when there is too much of it; shared between threads."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def keep(self, key: K, value: V) -> V:
        if len(self._kept) >= REMEMBERED:
            self._kept.clear()
        self._kept[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Structure:
    """`order` is the document order; `ancestors` are proper, nearest first; `children` leave out history states.

    Nothing happens when a `silent` state is entered or left. `choices` and `plans` keep what was worked out for a
    configuration, because instances stand in few configurations and hear few events.
    """

    chart: Chart
    order: Mapping[str, int]
    ancestors: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    histories: Mapping[str, tuple[str, ...]]
    activities: Mapping[str, tuple[str, Activity]]
    timeouts: Mapping[str, tuple[Transition, ...]]
    silent: frozenset[str]
    has_history: bool
    has_eventless: bool
    choices: Memory[tuple[tuple[str, ...], str | None], tuple[tuple[Transition, ...], ...]]
    plans: Memory[object, object]

    def is_descendant(self, state: str, of: str | None) -> bool:
        """Whether `state` lies within `of`; None is the whole chart (SCXML: isDescendant)."""
        return of is None or of in self.ancestors[state]

    def are_in_line(self, one: str, other: str) -> bool:
        """Whether one of two states is or holds the other."""
        return one == other or self.is_descendant(one, other) or self.is_descendant(other, one)

    def in_order(self, states: Iterable[str]) -> list[str]:
        """These states in document order, which is also entry order."""
        return sorted(states, key=self.order.__getitem__)

    def common_ancestor(self, states: Iterable[str]) -> str | None:
        """The least common compound ancestor (SCXML: findLCCA); None is the whole chart."""
        first, *others = states
        for ancestor in self.ancestors[first]:
            if self.chart.states[ancestor].type == "compound" and all(
                self.is_descendant(other, ancestor) for other in others
            ):
                return ancestor
        return None

    def initial_of(self, state: State) -> tuple[str, ...]:
        """What is entered by default: the named states, or else the first child in document order."""
        named = state.initial.targets if state.initial else ()
        known = tuple(key for key in named if key in self.ancestors and self.is_descendant(key, state.id))
        return known or self.children[state.id][:1]

    @property
    def initial(self) -> tuple[str, ...]:
        """Where an instance begins: the named states, or else the first one."""
        named = self.chart.initial.targets if self.chart.initial else ()
        known = tuple(key for key in named if key in self.chart.states)
        return known or tuple(key for key in self.chart.roots if self.chart.states[key].type != "history")[:1]

    def is_leaf(self, state: str) -> bool:
        return not self.chart.states[state].children


def matches(transition: Transition, event: str) -> bool:
    """Whether one of the transition's descriptors names the event (SCXML 3.12.1: by tokens, `*` is any)."""
    if transition.kind in GENERATED:
        return event in transition.events
    return any(_names(descriptor, event) for descriptor in transition.events)


def _names(descriptor: str, event: str) -> bool:
    if descriptor == "*":
        return True
    prefix = descriptor.removesuffix(".*").removesuffix(".")
    return event == prefix or event.startswith(prefix + ".")


def structure_of(chart: Chart) -> Structure:
    """The structure of a chart, worked out once and shared by every step of every thread."""
    found = chart.derived.get("structure")
    if not isinstance(found, Structure):
        found = chart.derived["structure"] = _worked_out(chart)
    return found


def _worked_out(chart: Chart) -> Structure:
    states = chart.states
    order = {key: at for at, key in enumerate(states)}
    ancestors: dict[str, tuple[str, ...]] = {}
    for key, state in states.items():
        ancestors[key] = (state.parent, *ancestors[state.parent]) if state.parent else ()
    real = {key: tuple(c for c in s.children if states[c].type != "history") for key, s in states.items()}
    histories = {key: tuple(c for c in s.children if states[c].type == "history") for key, s in states.items()}
    activities = {activity.id: (key, activity) for key, s in states.items() for activity in s.activities}
    timeouts = {key: tuple(t for t in s.transitions if t.kind == "after") for key, s in states.items()}
    silent = frozenset(key for key, state in states.items() if _is_silent(state))
    remembers = any(histories.values())
    eventless = any(way.kind == "always" for state in states.values() for way in state.transitions)
    return Structure(
        chart, order, ancestors, real, histories, activities, timeouts, silent, remembers, eventless, Memory(), Memory()
    )


def _is_silent(state: State) -> bool:
    """Whether entering and leaving the state changes the configuration and nothing else."""
    busy = state.entry or state.exit or state.activities or state.expected_within or state.context
    begins = state.initial is not None and bool(state.initial.actions)
    timed = any(transition.kind == "after" for transition in state.transitions)
    return not busy and not begins and not timed and state.type != "final"
