"""How XState names states: keys among siblings, paths, and ids, where each of ours has one key in the whole chart.

`\\` takes the meaning from a dot in a path, as in XState 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from orchestrator.statechart.document import MAX_STATES
from orchestrator.statechart.reading import KEY, DocumentError, Node

LONGEST = 80
UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
NAMELESS = "(machine)"  # the id of a machine that has none


@dataclass(frozen=True, slots=True)
class Place:
    """A state of an XState machine: its settings, and `name`, the key which it has in our chart."""

    key: str
    name: str
    config: Node
    parent: Place | None = None
    children: dict[str, Place] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type that XState gives it."""
        given = self.config.text("type")
        if given:
            return given
        return "compound" if self.children else "history" if self.config.value.get("history") else "atomic"

    def is_inside(self, other: Place) -> bool:
        """Whether it is a proper descendant."""
        above = self.parent
        while above is not None and above is not other:
            above = above.parent
        return above is other

    def everything(self) -> Iterator[Place]:
        """It and all within, in document order."""
        yield self
        for child in self.children.values():
            yield from child.everything()


class Tree:
    """All states of a machine, found by what XState calls them."""

    def __init__(self, config: Node) -> None:
        self.root_name = ""  # the key of the state around all others, where the machine needs one
        self._names: set[str] = set()
        self.root = Place("", "", config)
        self._grow(self.root)
        self._ids = {place.config.text("id"): place for place in self.root.everything()}
        self._ids.setdefault(config.text("id") or NAMELESS, self.root)

    def named(self, name: str) -> Place | None:
        return next((place for place in self.root.everything() if place.name == name and place.parent), None)

    def first_of(self, place: Place) -> Place | None:
        """The child where a state begins."""
        given = place.config.value.get("initial")
        key = given.get("target") if isinstance(given, Mapping) else given
        return place.children.get(key) if isinstance(key, str) else None

    def find(self, source: Place, target: str) -> Place | None:
        """The state that a transition of `source` means by this text."""
        if target.startswith("#"):
            first, *rest = steps_of(target[1:])
            return _walk(self._ids.get(first), rest) or self._ids.get(target[1:])
        if target.startswith("."):
            return _walk(source, steps_of(target[1:]))
        return _walk(source.parent or source, steps_of(target))

    def free_name(self, wanted: str, around: str = "") -> str:
        """A key that no other state of the chart has, taken from now on."""
        plain = UNFIT.sub("_", wanted).lstrip(".-")[:LONGEST] or "state"
        longer = f"{around}.{plain}" if around else plain
        for name in chain((plain, longer), (f"{longer[:70]}_{n}" for n in range(2, 2 * MAX_STATES))):
            if name not in self._names and KEY.fullmatch(name):
                self._names.add(name)
                return name
        raise DocumentError("states", f"too many states are called “{plain}”; give them keys of their own")

    def _grow(self, place: Place) -> None:
        """Read the states inside; keys of outer states are given before those of inner ones in document order."""
        for key, value in place.config.mapping("states").items():
            if len(self._names) >= MAX_STATES:
                raise DocumentError(place.config.at("states"), f"more than {MAX_STATES} states; divide the machine")
            config = Node(value, f"{place.config.at('states')}/{key}", None, "a state")
            child = Place(key, self.free_name(key, place.name), config, place)
            place.children[key] = child
            self._grow(child)


def _walk(place: Place | None, steps: list[str]) -> Place | None:
    for step in steps:
        place = place.children.get(step) if place else None
    return place


def steps_of(path: str) -> list[str]:
    """The keys of a path."""
    found = [""]
    letters = iter(path)
    for letter in letters:
        if letter == ".":
            found.append("")
        else:
            found[-1] += next(letters, "") if letter == "\\" else letter
    return found


def step(key: str) -> str:
    """A key as one step of a path."""
    plain = key.replace("\\", "\\\\").replace(".", "\\.")
    return f"\\{plain}" if plain.startswith("#") else plain


def address(states: Mapping[str, Any], chart_id: str, source: str, target: str) -> str:
    """The shortest text that XState understands of a target: beside, within, or from the machine on."""
    if target not in states or states[target].parent == states[source].parent:
        return step(target)
    if states[target].parent == source and "." not in source:
        return f".{step(target)}"
    line = [target]
    while (above := states[line[-1]].parent) is not None:
        line.append(above)
    return "#" + ".".join(step(key) for key in (chart_id, *reversed(line)))
