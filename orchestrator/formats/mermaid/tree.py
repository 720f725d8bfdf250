"""What a diagram draws: nodes in sections of nodes, arrows and notes, placed as Mermaid places them."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.statechart.document import MAX_NESTING, MAX_STATES

MAX_NODES = 2 * MAX_STATES  # forks count here, and are no states


class TreeError(ValueError):
    """The diagram is too large or too deep; the message says the mend."""


@dataclass(eq=False, slots=True)
class Section:
    """The whole diagram, what stands between the braces of a node, or one of its concurrent parts."""

    owner: Node | None
    starts: list[Arrow] = field(default_factory=list)
    ends: bool = False


@dataclass(eq=False, slots=True)
class Node:
    """A state; `turn` tells when it came to stand in its section, and `titles` are quoted, `lines` are descriptions,
    `notes` have a side; all with where they stand in the text."""

    name: str
    at: int
    place: Section
    turn: int = 0
    titles: list[str] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str, str]] = field(default_factory=list)
    shape: str = ""
    direction: str = ""
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Arrow:
    """`source` None is a start; `target` None is the end of `section`."""

    source: str | None
    target: str | None
    section: Section
    label: str
    at: int


@dataclass(eq=False, slots=True)
class Tree:
    """Grows while a diagram is read from its beginning to its end."""

    root: Section = field(default_factory=lambda: Section(None))
    nodes: dict[str, Node] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    divisions: list[Section] = field(default_factory=list)
    direction: str = ""
    title: str = ""
    description: str = ""
    lost: dict[str, str] = field(default_factory=dict)
    turns: int = 0

    def mention(self, name: str, section: Section, at: int) -> Node:
        """The node of this name, which moves to where it is named last, but never out of its composite state."""
        node = self.nodes.get(name)
        self.turns += 1
        if node is None:
            if len(self.nodes) >= MAX_NODES:
                raise TreeError(f"more than {MAX_STATES} states; divide the chart")
            node = self.nodes[name] = Node(name, at, section, self.turns)
        elif node.place is not section and self._may_move(node, section):
            node.place, node.turn = section, self.turns
        return node

    def _may_move(self, node: Node, section: Section) -> bool:
        around = self._around(section)
        self_inside = any(outer.owner is node for outer in around)
        return section.owner is not None and not self_inside and section not in self._around(node.place)

    def _around(self, section: Section) -> list[Section]:
        """This section and those it lies in."""
        found = [section]
        while (owner := found[-1].owner) is not None:
            found.append(owner.place)
            if len(found) > MAX_NESTING + 1:
                raise TreeError(f"states are nested deeper than {MAX_NESTING}; flatten them")
        return found

    def open(self, node: Node) -> Section:
        """Begin what stands between the braces of a node."""
        section = Section(node)
        node.sections.append(section)
        self._around(section)
        return section

    def divide(self, section: Section) -> Section:
        """Begin the next concurrent part."""
        following = Section(section.owner)
        if section.owner:
            section.owner.sections.append(following)
        else:
            self.divisions.append(following)
        return following

    def arrow(self, source: str | None, target: str | None, section: Section, label: str, at: int) -> None:
        made = Arrow(source, target, section, label, at)
        section.ends = section.ends or target is None
        (self.arrows if source is not None else section.starts).append(made)

    def apart(self, one: str, other: str) -> bool:
        """Whether two nodes lie in different concurrent parts of one state."""
        around = {part.owner: part for part in self._around(self.nodes[one].place)}
        shared = next(part for part in self._around(self.nodes[other].place) if part.owner in around)
        return around[shared.owner] is not shared
