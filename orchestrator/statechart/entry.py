"""Which states are entered (SCXML Appendix D: computeEntrySet and its two helpers)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.statechart.definition import Action, Transition
from orchestrator.statechart.select import Domains, History, effective_targets, history_default
from orchestrator.statechart.structure import Structure


@dataclass(slots=True)
class EntrySet:
    """`states` are to be entered.

    `initials` maps a state which is entered by default to the actions of its initial transition, and `defaults` one
    whose history remembers nothing yet to those of the history's default transition.
    """

    structure: Structure
    history: History
    states: dict[str, None] = field(default_factory=dict)
    initials: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    defaults: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    _covered: set[str] = field(default_factory=set)  # the states with all their ancestors

    def add_transitions(self, transitions: Iterable[Transition], domains: Domains) -> None:
        """All that these transitions enter (SCXML: computeEntrySet).

        The domains are those by which states were left. The specification works them out anew, but leaving may have
        changed what a history state stands for, and then a state that was left would not be entered.
        """
        for transition in transitions:
            if not transition.targets:
                continue
            for target in transition.targets:
                self.add_descendants(target)
            for state in effective_targets(self.structure, transition.targets, self.history):
                self.add_ancestors(state, domains[transition.ref])

    def add_descendants(self, key: str) -> None:
        """The state with what it enters by default (SCXML: addDescendantStatesToEnter)."""
        state = self.structure.chart.states[key]
        if state.type == "history":
            self._add_history(key)
            return
        self._add(key)
        if state.type == "compound":
            if state.initial:
                self.initials[key] = state.initial.actions
            self.add_all(self.structure.initial_of(state), key)
        elif state.type == "parallel":
            self._add_regions(key)

    def _add(self, key: str) -> None:
        if key not in self.states:
            self.states[key] = None
            self._covered.update((key, *self.structure.ancestors[key]))

    def _add_history(self, key: str) -> None:
        remembered = self.history.get(key)
        state = self.structure.chart.states[key]
        if remembered is None:
            remembered = history_default(self.structure, key)
            if state.parent:
                self.defaults[state.parent] = next((t.actions for t in state.transitions if t.targets), ())
        self.add_all(remembered, state.parent)

    def add_all(self, targets: Iterable[str], upto: str | None) -> None:
        """These states with what they enter by default, and then what lies between them and `upto`."""
        for target in targets:
            self.add_descendants(target)
        for target in targets:
            self.add_ancestors(target, upto)

    def _add_regions(self, key: str) -> None:
        for child in self.structure.children[key]:
            if child not in self._covered:
                self.add_descendants(child)

    def add_ancestors(self, key: str, upto: str | None) -> None:
        """The state's proper ancestors below `upto`, with the other regions (SCXML: addAncestorStatesToEnter)."""
        for ancestor in self.structure.ancestors[key]:
            if ancestor == upto:
                return
            self._add(ancestor)
            if self.structure.chart.states[ancestor].type == "parallel":
                self._add_regions(ancestor)
