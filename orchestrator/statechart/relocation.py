"""Where everything of one version of a chart lies in another one: states, timeouts, activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.statechart.definition import Chart, Transition
from orchestrator.statechart.entry import EntrySet
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.structure import Structure, structure_of

StateMapping = Mapping[str, str]  # old state -> new state


@dataclass(frozen=True, slots=True)
class Relocation:
    """States which the mapping does not name, and activities, keep their place under the same id."""

    old: Structure
    new: Structure
    mapping: StateMapping

    def state(self, key: str) -> str | None:
        """The state of the new chart which takes the place of an old one."""
        there = self.mapping.get(key, key)
        return there if there in self.new.chart.states else None

    def activity(self, name: str) -> str | None:
        """The new state in which an activity goes on; None when it is gone, elsewhere, or another kind of loop."""
        before, was = self.old.activities.get(name, ("", None))
        after, now = self.new.activities.get(name, ("", None))
        if was is None or now is None or (was.map is None) != (now.map is None):
            return None
        return after if after == self.state(before) else None

    def timeouts(self, key: str) -> dict[str, str]:
        """The timers of an old state and those of the new one which wait as long, in order."""
        there = self.state(key)
        free: list[Transition] = list(self.new.timeouts[there]) if there else []
        found: dict[str, str] = {}
        for timeout in self.old.timeouts[key]:
            same = next((way for way in free if way.delay == timeout.delay), None)
            if same is not None:
                free.remove(same)
                found[timeout.events[0]] = same.events[0]
        return found

    def history(self, remembered: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """What history states remember, as far as the new chart can return there."""
        found: dict[str, tuple[str, ...]] = {}
        for key, states in remembered.items():
            there = self.state(key)
            targets = [self.state(state) for state in states]
            known = [target for target in targets if target is not None]
            if there and len(known) == len(targets) and self._can_return(there, known):
                found[there] = tuple(self.new.in_order(dict.fromkeys(known)))
        return found

    def _can_return(self, key: str, targets: list[str]) -> bool:
        state = self.new.chart.states[key]
        if state.type != "history" or any(self.new.chart.states[target].type == "history" for target in targets):
            return False
        if state.history == "deep":
            right = all(self.new.is_descendant(t, state.parent) and self.new.is_leaf(t) for t in targets)
        else:
            right = all(self.new.chart.states[target].parent == state.parent for target in targets)
        entry = EntrySet(self.new, {})
        entry.add_all(targets, None)
        return right and is_legal(self.new, entry.states)


def relocation_of(old: Chart, new: Chart, mapping: StateMapping) -> Relocation:
    return Relocation(structure_of(old), structure_of(new), mapping)


def mapping_error(old: Chart, new: Chart, mapping: StateMapping) -> str:
    """Why a mapping cannot be meant for these two charts; empty when it can."""
    for before, after in mapping.items():
        if before not in old.states:
            return f"there is no state “{before}” in the old version; correct its id"
        if after not in new.states:
            return f"there is no state “{after}” in the new version, so “{before}” cannot become it; correct its id"
        if (old.states[before].type == "history") != (new.states[after].type == "history"):
            return f"only one of “{before}” and “{after}” is a history state; map states to states"
    return ""


def is_legal(structure: Structure, states: Iterable[str]) -> bool:
    """Whether an instance can stand in these states together (SCXML 3.11)."""
    active, chart = set(states), structure.chart
    if len(active.intersection(chart.roots)) != 1:
        return False
    for key in active:
        state, real = chart.states[key], structure.children[key]
        wanted = len(real) if state.type == "parallel" else min(len(real), 1)
        if state.type == "history" or state.parent not in (None, *active) or len(active.intersection(real)) != wanted:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance stands after a migration.

    `origins` are the old states which an active state takes the place of. An instance stands already in what is not
    `begun`: that is where it came from, with all around it. What is `begun` is entered as usual: new regions, what lies
    inside a state that was simple before, and a final state. `missing` are old innermost states without a new one.
    """

    entry: EntrySet
    configuration: tuple[str, ...]
    origins: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, str]  # old innermost states -> the new states which take their place
    begun: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def exists(self) -> bool:
        return not self.missing and is_legal(self.entry.structure, self.configuration)


def place_of(moves: Relocation, snapshot: Snapshot) -> Place:
    """Where the innermost active states lead; a new state that holds another new one of them comes with that."""
    leaves = [key for key in snapshot.configuration if moves.old.is_leaf(key)]
    targets = {leaf: there for leaf in leaves if (there := moves.state(leaf)) is not None}
    inner = [t for t in targets.values() if not any(moves.new.is_descendant(other, t) for other in targets.values())]
    entry = EntrySet(moves.new, moves.history(snapshot.history))
    entry.add_all(list(dict.fromkeys(inner)), None)
    configuration = tuple(moves.new.in_order(entry.states))
    origins: dict[str, tuple[str, ...]] = {}
    for key in snapshot.configuration:
        there = moves.state(key)
        if there in entry.states and not _ends(moves, key, there):
            origins[there] = (*origins.get(there, ()), key)
    around = {above for target in targets.values() for above in moves.new.ancestors[target]}
    begun = tuple(key for key in configuration if key not in origins and key not in around)
    missing = tuple(leaf for leaf in leaves if leaf not in targets)
    return Place(entry, configuration, origins, targets, begun, missing)


def _ends(moves: Relocation, before: str, after: str) -> bool:
    """Whether a state that was not final becomes one, so that its parent is done only now."""
    return moves.new.chart.states[after].type == "final" and moves.old.chart.states[before].type != "final"
