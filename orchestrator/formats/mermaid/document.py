"""What a diagram draws, as our own document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from orchestrator.formats.fidelity import Note
from orchestrator.formats.mermaid.actions import Document
from orchestrator.formats.mermaid.body import Body
from orchestrator.formats.mermaid.forks import Fork, forks_of, join_guard, joins_of
from orchestrator.formats.mermaid.front import Front
from orchestrator.formats.mermaid.kept import Kept
from orchestrator.formats.mermaid.labels import Label, Source
from orchestrator.formats.mermaid.text import key_of, unused
from orchestrator.formats.mermaid.tree import Arrow, Node, Section, Tree
from orchestrator.formats.mermaid.words import meaning

OURS = "mermaid"  # our key in `meta`
TITLE = "State diagram"
LONGEST_TITLE = 200
REGIONS = "Draw the branches as regions of one state, divided by “--”."
IMMEDIATE = "Arrows without a label are taken at once; name the event that each waits for."


@dataclass(slots=True)
class Made:
    """The document, where each state stands in the text, and what is not as it was."""

    document: Document
    places: dict[str, int]
    notes: tuple[Note, ...]


def document_of(tree: Tree, front: Front) -> Made:
    return _Making(tree, front).run()


@dataclass(slots=True)
class _Making:
    tree: Tree
    front: Front
    kept: Kept = field(init=False)
    keys: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    forks: dict[str, Fork] = field(default_factory=dict)
    joins: dict[tuple[str, str], str] = field(default_factory=dict)
    inside: dict[Section, list[Node]] = field(default_factory=dict)
    ends: dict[Section, str] = field(default_factory=dict)
    docs: dict[str, Document] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    stays: list[tuple[int, str, Label]] = field(default_factory=list)

    def run(self) -> Made:
        self.kept = Kept(self.front.kept)
        self.forks, self.joins = forks_of(self.tree), joins_of(self.tree)
        for name, node in self.tree.nodes.items():
            self._name(name, node)
        for nodes in self.inside.values():
            nodes.sort(key=lambda node: node.turn)
        title = self.front.title or self.tree.title
        document: Document = {
            "signalbox": 1,
            "id": key_of(title or TITLE),
            "title": title[:LONGEST_TITLE] or TITLE,
            "description": self.tree.description,
        }
        own = {"direction": self.tree.direction}
        self._fill(document, own, [self.tree.root, *self.tree.divisions], "")
        document.update(self._meta(own))
        self._lead()
        self._tell_bars()
        self.kept.complete(document, self.docs)
        return Made(document, self.taken, (*self.notes, *self.kept.notes))

    def _name(self, name: str, node: Node) -> None:
        """Give a node its key, unless it is a fork which a transition stands for."""
        if name in self.forks:
            return
        key = self.keys[name] = unused(key_of(name), self.taken)
        self.taken[key] = node.at
        self.inside.setdefault(node.place, []).append(node)
        if key != name:
            self.notes.append(Note("changed", f"states/{key}", "Id", f"“{name[:80]}” became the key “{key}”."))

    def _new(self, key: str, holder: str) -> str:
        """The key of a state which the diagram draws without a name."""
        made = unused(key_of(f"{holder}.{key}" if holder else key), self.taken)
        self.taken[made] = 0
        return made

    def _fill(self, document: Document, own: Document, sections: list[Section], holder: str) -> None:
        """The states within a state or a chart; more than one section are concurrent."""
        parts = [part for part in sections if self.inside.get(part) or part.starts or part.ends]
        parallel = document.get("type") == "parallel"
        if len(parts) > 1 and "signalbox" in document:
            key = self._new("parallel", holder)
            document["states"] = {key: self._regions(parts, key)}
        elif len(parts) > 1 or (parallel and parts):
            document.update(self._regions(parts, holder))
        elif parts:
            self._scope(document, own, parts[0], holder)

    def _regions(self, parts: list[Section], holder: str) -> Document:
        states: Document = {}
        for number, part in enumerate(parts, 1):
            nodes = self.inside.get(part, [])
            if len(nodes) == 1 and not (part.starts or part.ends):
                states[self.keys[nodes[0].name]] = self._state(nodes[0])
                continue
            key = self._new(f"region{number}", holder)
            own: Document = {}
            states[key] = self.docs[key] = {"type": "compound"}
            self._scope(states[key], own, part, key)
            states[key].update(self._meta(own))
        return {"type": "parallel", "states": states}

    def _scope(self, document: Document, own: Document, section: Section, holder: str) -> None:
        """The states of one section, its start and its end."""
        states = {self.keys[node.name]: self._state(node) for node in self.inside.get(section, [])}
        if section.ends:
            key = self.ends[section] = self._new("end", holder)
            states[key] = self.docs[key] = {"type": "final"}
        self._start(document, own, section, holder, states)
        document["states"] = states

    def _start(self, document: Document, own: Document, section: Section, holder: str, states: Document) -> None:
        """One plain arrow is the initial state; of several, or one with words, the first whose guard holds is taken."""
        start = Source("", pseudo="start")
        said = [(arrow, *meaning(arrow.label, start)) for arrow in section.starts]
        if len(said) == 1 and said[0][2] and set(said[0][1].way) <= {"actions"} and said[0][1].kind == "always":
            arrow, label, _ = said[0]
            document["initial"] = {"target": self._targets(arrow), **label.way}
            fork = self.forks.get(arrow.target or "")
            if fork and not fork.plain:
                own["fork"] = fork.name
        elif said:
            key = self._new("start", holder)
            self.docs[key] = states[key] = {"meta": {OURS: {"shape": "start"}}}
            states[key]["always"] = [self._way(arrow, label, exact) for arrow, label, exact in said]
            document["initial"] = key

    def _state(self, node: Node) -> Document:
        key = self.keys[node.name]
        composite = any(self.inside.get(part) or part.starts or part.ends for part in node.sections)
        source = Source(key, composite, node.shape, self.kept.activities(key), self.kept.works(key))
        self.sources[key] = source
        body = Body()
        lines = [text for at, text in node.lines if not body.take(text, source, at)]
        beside = [[side, text] for at, side, text in node.notes if not body.take(text, source, at)]
        self.stays += [(at, key, label) for at, label in body.stays]
        own: Document = {"shape": node.shape, "direction": node.direction}
        made = self.docs[key] = {**body.says, **self._texts(node, [*node.titles, *lines], beside, own)}
        self._fill(made, own, node.sections, key)
        made.update(self._meta(own))
        return made

    def _texts(self, node: Node, texts: list[str], beside: list[list[str]], own: Document) -> Document:
        """Title and description; how they are laid out is kept where it is not the usual way."""
        key = self.keys[node.name]
        title = texts[0] if texts else node.name if node.name != key and not node.shape else ""
        lines = texts[1:]
        if len(title) > LONGEST_TITLE:
            lines = [title, *lines]
            title = title[: LONGEST_TITLE - 1] + "…"
            self.notes.append(Note("changed", f"states/{key}", "Title", "It was too long and is in the description."))
        own.update(layout_of(lines, beside))
        described = describe(lines, beside)
        return {**({"title": title} if title else {}), **({"description": described} if described else {})}

    def _meta(self, own: Document) -> Document:
        filled = {key: value for key, value in own.items() if value}
        return {"meta": {OURS: filled}} if filled else {}

    def _targets(self, arrow: Arrow) -> list[str]:
        if arrow.target is None:
            return [self.ends[arrow.section]]
        fork = self.forks.get(arrow.target)
        return [self.keys[name] for name in (fork.targets if fork else (arrow.target,))]

    def _way(self, arrow: Arrow, label: Label, exact: bool) -> Document:
        """The transition of an arrow, without a place."""
        own: dict[str, Any] = {} if exact else {"label": arrow.label}
        fork = self.forks.get(arrow.target or "")
        if fork and not fork.plain:
            own["fork"] = fork.name
        way = {**label.way, "target": self._targets(arrow), **self._meta(own)}
        if (arrow.source, arrow.target) in self.joins:
            others = (self.keys[one] for one, name in self.joins if name == arrow.target and one != arrow.source)
            way["guard"] = join_guard(others)
        return way

    def _lead(self) -> None:
        """Give every state its ways out, in the order of the text."""
        ways: list[tuple[int, str, Label, Document]] = [(at, key, label, label.way) for at, key, label in self.stays]
        immediate = False
        for arrow in self.tree.arrows:
            if arrow.source in self.forks or arrow.source is None:
                continue
            key = self.keys[arrow.source]
            source = self.sources[key]
            label, exact = meaning(arrow.label, source)
            immediate = immediate or not (arrow.label or source.composite or source.pseudo)
            if not exact:
                said = f"“{arrow.label[:80]}” was taken for {_shown(label)}; its words are kept."
                self.notes.append(Note("changed", f"states/{key}", "Label", said))
            ways.append((arrow.at, key, label, self._way(arrow, label, exact)))
        if immediate:
            self.notes.append(Note("changed", "", "Arrows without a label", IMMEDIATE))
        for _, key, label, way in sorted(ways, key=lambda found: found[0]):
            self.kept.lead(self.docs[key], key, label, way)

    def _tell_bars(self) -> None:
        """A fork whose branches are no regions goes one way, and such a join waits for nobody."""
        joined = {name for _, name in self.joins}
        out = Counter(arrow.source for arrow in self.tree.arrows)
        into = Counter(arrow.target for arrow in self.tree.arrows)
        for name, node in self.tree.nodes.items():
            if node.shape == "fork" and name not in self.forks and out[name] > 1:
                said = f"Only the first arrow of “{name[:80]}” is taken. {REGIONS}"
                self.notes.append(Note("changed", f"states/{self.keys[name]}", "Fork", said))
            if node.shape == "join" and name not in joined and into[name] > 1:
                said = f"“{name[:80]}” does not wait for its other arrows. {REGIONS}"
                self.notes.append(Note("changed", f"states/{self.keys[name]}", "Join", said))


def _shown(label: Label) -> str:
    if label.kind == "on":
        return f"the event “{label.way['event']}”"
    if label.kind == "after":
        return f"a timeout of {label.way['delay']}"
    return f"the guard “{label.way['guard']}”" if "guard" in label.way else "no condition"


def layout_of(lines: list[str], beside: list[list[str]]) -> Document:
    """How a description is laid out, where it is not one note to the right."""
    usual = not lines and [side for side, _ in beside] in ([], ["right"])
    return {} if usual else {"lines": lines, "notes": beside}


def describe(lines: list[str], beside: list[list[str]]) -> str:
    """The description of a state that has these lines and notes."""
    return "\n\n".join([*(["\n".join(lines)] if lines else []), *(text for _, text in beside)])
