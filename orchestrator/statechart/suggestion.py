"""A state mapping between two versions, as a person would guess it: by id, title, name, and place."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from orchestrator.statechart.definition import Chart, State

ALIKE = 0.6  # how alike two names are at least
SAME_PLACE, SAME_EVENTS = 0.2, 0.1


def suggest(old: Chart, new: Chart) -> dict[str, str]:
    """New ids for the states which the new chart does not have under their own, as far as one is likely."""
    kept = old.derived.get("suggested")
    if isinstance(kept, tuple) and kept[0] is new:
        return dict(kept[1])
    found: dict[str, str] = {}
    gone = [state for key, state in old.states.items() if key not in new.states]
    fresh = [state for key, state in new.states.items() if key not in old.states]
    for state in gone:  # in document order, so that a parent has its place before its children
        rated = [(_likeness(new, found, state, other), -at) for at, other in enumerate(fresh)]
        best, at = max(rated, default=(0.0, 0))
        if best >= ALIKE:
            found[state.id] = fresh.pop(-at).id
    for state in gone:
        if state.id not in found:
            found.update((state.id, other.id) for other in _only_one(new, found, state, gone, fresh))
    old.derived["suggested"] = (new, found)
    return dict(found)


def _likeness(new: Chart, found: dict[str, str], before: State, after: State) -> float:
    if _family(before) != _family(after):
        return 0.0
    near = SAME_PLACE * (_counterpart(new, found, before.parent) == after.parent)
    near += SAME_EVENTS * (_events(before) == _events(after))
    if before.title.casefold() == after.title.casefold():
        return 1.0 + near
    names = SequenceMatcher(None, before.id.casefold(), after.id.casefold())
    return names.ratio() + near if names.quick_ratio() + near >= ALIKE else 0.0


def _only_one(
    new: Chart, found: dict[str, str], state: State, gone: list[State], fresh: list[State]
) -> Iterator[State]:
    """The one state that is new at a place where one is gone."""
    here = _counterpart(new, found, state.parent)
    lost = [other for other in gone if other.parent == state.parent and _family(other) == _family(state)]
    came = [other for other in fresh if other.parent == here and _family(other) == _family(state)]
    if len(lost) == len(came) == 1 and came[0].id not in found.values():
        yield came[0]


def _counterpart(new: Chart, found: dict[str, str], parent: str | None) -> str | None:
    return found.get(parent, parent) if parent else None


def _events(state: State) -> set[str]:
    return {event for way in state.transitions if way.kind == "on" for event in way.events}


def _family(state: State) -> str:
    return state.type if state.type in ("final", "history") else "active"
