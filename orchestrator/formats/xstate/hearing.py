"""Which event is heard by which transition, here and in XState.

Here the first transition in the document whose descriptor begins the event's name is taken. XState looks for a key of
the very name and asks no other when there is one, then for wildcards, the longest first. Writing each transition under
all keys which it would hear makes both the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.statechart.definition import State


def covers(descriptor: str, key: str) -> bool:
    """Whether all events under a key of XState are heard by this descriptor (SCXML 3.12.1)."""
    begin, name = _begin(descriptor), _begin(key)
    return not begin or name == begin or name.startswith(f"{begin}.")


def keys(groups: Iterable[Sequence[str]], known: Iterable[str]) -> list[str]:
    """The keys under which these descriptors are written, and `a.*` where `a` hears a known event such as `a.b`."""
    names = list(dict.fromkeys(name for group in groups for name in group))
    plain = [name for name in names if not name.endswith("*")]
    wider = [f"{name}.*" for name in plain if any(event.startswith(f"{name}.") for event in known)]
    return list(dict.fromkeys([*names, *wider]))


def events(value: Any) -> Iterator[str]:
    """All names of events in a document: those that are heard, raised or sent."""
    if isinstance(value, Mapping):
        found = value.get("event")
        yield from [found] if isinstance(found, str) else found if isinstance(found, list) else ()
        for inner in value.values():
            yield from events(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from events(inner)


def unheard(states: Mapping[str, State]) -> Iterator[tuple[State, str]]:
    """Each state and event which XState keeps from it because a region of a parallel state inside has heard it first.

    In SCXML the other regions still ask the states around them.
    """
    heard = {key: [name for way in state.transitions for name in way.events] for key, state in states.items()}
    found: dict[tuple[str, str], None] = {}
    for key in states:
        through = False
        at = states[key]
        while at.parent and heard[key]:
            at = states[at.parent]
            through = through or at.type == "parallel"
            if through:
                found |= {(at.id, name): None for name in heard[at.id] if _overlaps(name, heard[key])}
    yield from ((states[key], name) for key, name in found)


def _overlaps(name: str, others: Iterable[str]) -> bool:
    return any(covers(name, other) or covers(other, name) for other in others)


def _begin(descriptor: str) -> str:
    return descriptor.removesuffix("*").removesuffix(".")
