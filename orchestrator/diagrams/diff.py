"""Two versions of a chart on one diagram: all states and transitions of both, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from orchestrator.diagrams.overlay import Badge, Overlay
from orchestrator.statechart.definition import Chart, State, Transition

Fate = Literal["added", "removed", "changed"]
SIGNS: dict[Fate, tuple[str, str]] = {"added": ("add", "+"), "removed": ("del", "−"), "changed": ("chg", "±")}
STATE_FIELDS = (
    "title", "type", "parent", "initial", "history", "entry", "exit", "activities", "expected_within", "context",
    "output", "tasks", "limits", "owner", "description",
)  # fmt: skip
WAY_FIELDS = ("kind", "events", "delay", "targets", "guard", "actions", "internal")
CHART_FIELDS = ("title", "initial", "context", "context_schema", "binding", "owner", "description")
HOLDERS = ("compound", "parallel")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a state, a transition or (with no key) the chart; `fields` are what differs when it changed."""

    key: str
    fate: Fate
    title: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """`chart` holds what either version has; draw it with `overlay`. `changes` are in document order."""

    chart: Chart
    overlay: Overlay
    changes: tuple[Change, ...]


def compare(before: Chart, after: Chart) -> Difference:
    """What `after` added, removed and changed. The ref of a transition which is gone ends in `~removed`."""
    return _Comparison(before, after).difference()


@dataclass(slots=True)
class _Comparison:
    before: Chart
    after: Chart
    changes: list[Change] = field(default_factory=list)

    def difference(self) -> Difference:
        if fields := _differing(CHART_FIELDS, self.before, self.after):
            self.changes.append(Change("", "changed", self.after.title, fields))
        roots = _woven(self.before.roots, self.after.roots, self._gone_below(None))
        states: dict[str, State] = {}
        for key in roots:
            self._add(key, states)
        chart = replace(self.after, states=states, roots=roots)
        return Difference(chart, self._overlay(states), tuple(self.changes))

    def _gone_below(self, parent: str | None) -> frozenset[str]:
        """The states which are gone and lay in this one."""
        old = self.before.states.values()
        return frozenset(state.id for state in old if state.parent == parent and state.id not in self.after.states)

    def _add(self, key: str, states: dict[str, State]) -> None:
        old, new = self.before.states.get(key), self.after.states.get(key)
        state = new or old
        assert state is not None  # a key is of one of the two
        if old and new:
            state = self._both(old, new)
        else:
            self.changes.append(Change(key, "added" if new else "removed", state.title))
            self.changes += (Change(t.ref, "added" if new else "removed", state.title) for t in state.transitions)
        old_children = old.children if old else ()
        children = _woven(old_children, new.children if new else (), self._gone_below(key))
        kind = state.type if not children or state.type in HOLDERS else "compound"
        states[key] = replace(state, children=children, type=kind)
        for child in children:
            self._add(child, states)

    def _both(self, old: State, new: State) -> State:
        if fields := _differing(STATE_FIELDS, old, new):
            self.changes.append(Change(new.id, "changed", new.title, fields))
        pairs, gone, added = _matched(old.transitions, new.transitions)
        for was, way in pairs:
            if fields := _differing(WAY_FIELDS, _settled(was), _settled(way)):
                self.changes.append(Change(way.ref, "changed", new.title, fields))
        self.changes += (Change(way.ref, "added", new.title) for way in added)
        ghosts = tuple(replace(way, ref=f"{way.ref}~removed") for way in gone)
        self.changes += (Change(way.ref, "removed", new.title) for way in ghosts)
        return replace(new, transitions=(*new.transitions, *ghosts))

    def _overlay(self, states: dict[str, State]) -> Overlay:
        classes, badges = {}, dict[str, tuple[Badge, ...]]()
        for change in self.changes:
            if change.key:
                css, sign = SIGNS[change.fate]
                classes[change.key] = f"is-{change.fate}"
                badges[change.key] = ((css, f"{sign} {change.fate}" if change.key in states else sign),)
        return Overlay(classes, badges, "sb-diffing")


def _differing(fields: Sequence[str], old: object, new: object) -> tuple[str, ...]:
    return tuple(name for name in fields if getattr(old, name) != getattr(new, name))


def _settled(way: Transition) -> Transition:
    """A transition without the event that only repeats its place in the document."""
    return replace(way, events=()) if way.kind == "after" else way


def _matched(
    old: Sequence[Transition], new: Sequence[Transition]
) -> tuple[list[tuple[Transition, Transition]], list[Transition], list[Transition]]:
    """Which transition became which: equal ones first, then those with most in common; then what is gone and what is
    new."""
    alike: tuple[Callable[[Transition], object], ...] = (
        lambda t: (t.kind, _settled(t).events, t.targets, t.guard, t.actions, t.internal, t.delay),
        lambda t: (t.kind, _settled(t).events, t.targets),
        lambda t: (t.kind, t.events) if t.kind != "after" else None,
        lambda t: (t.kind, t.targets) if t.targets else None,
    )
    pairs, gone, added = [], list(old), list(new)
    for sign in alike:
        for way in list(added):
            wanted = sign(way)
            was = next((one for one in gone if wanted is not None and sign(one) == wanted), None)
            if was:
                gone.remove(was)
                added.remove(way)
                pairs.append((was, way))
    return pairs, gone, added


def _woven(old: Sequence[str], new: Sequence[str], gone: frozenset[str]) -> tuple[str, ...]:
    """The new order, with what is gone after the neighbour it used to follow."""
    woven = list(new)
    for place, key in enumerate(old):
        if key in gone:
            before = next((other for other in reversed(old[:place]) if other in woven), None)
            woven.insert(woven.index(before) + 1 if before is not None else 0, key)
    return tuple(woven)
