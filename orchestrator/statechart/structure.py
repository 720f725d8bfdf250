"""What follows from a chart alone, worked out once: order, ancestry, and which transitions an event may enable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.statechart.definition import Activity, Chart, State, Transition

CANDIDATES = 10_000  # event names are the senders' choice, so what is remembered of them is bounded
GENERATED = frozenset({"after", "done", "activity-done", "activity-error"})  # their events are matched exactly


@dataclass(frozen=True, slots=True)
class Structure:
    """`order` is the document order; `ancestors` are proper, nearest first; `children` leave out history states."""

    chart: Chart
    order: Mapping[str, int]
    ancestors: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    histories: Mapping[str, tuple[str, ...]]
    activities: Mapping[str, tuple[str, Activity]]
    always: Mapping[str, tuple[Transition, ...]]
    timeouts: Mapping[str, tuple[Transition, ...]]
    _enabled_by: dict[tuple[str, str], tuple[Transition, ...]] = field(default_factory=dict)

    def is_descendant(self, state: str, of: str | None) -> bool:
        """Whether `state` lies within `of`; None is the whole chart (SCXML: isDescendant)."""
        return of is None or of in self.ancestors[state]

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

    def candidates(self, state: str, event: str) -> tuple[Transition, ...]:
        """Transitions of this very state which the event may enable, in document order."""
        key = (state, event)
        found = self._enabled_by.get(key)
        if found is None:
            if len(self._enabled_by) >= CANDIDATES:
                self._enabled_by.clear()
            transitions = self.chart.states[state].transitions
            found = tuple(transition for transition in transitions if matches(transition, event))
            self._enabled_by[key] = found
        return found

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
    always = {key: tuple(t for t in s.transitions if t.kind == "always") for key, s in states.items()}
    timeouts = {key: tuple(t for t in s.transitions if t.kind == "after") for key, s in states.items()}
    return Structure(chart, order, ancestors, real, histories, activities, always, timeouts)
