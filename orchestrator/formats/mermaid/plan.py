"""Where each part of a chart stands in its diagram, so that every name stays in the state where it was drawn.

Mermaid moves a state to where it is named last, except at the top, so an arrow out of a composite state stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.formats.mermaid.actions import Document
from orchestrator.formats.mermaid.forks import MOST_HEADS, join_guard
from orchestrator.formats.mermaid.labels import LISTS, Label, Source
from orchestrator.formats.mermaid.text import key_of

SHAPES = ("fork", "join", "choice")
OURS = "mermaid"
Way = tuple[Label, Document]  # what its label says, and the whole transition


class Plan:
    """The states of a document by key, and the decisions about them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.states: dict[str, Document] = {}
        self.parent: dict[str, str] = {}
        self._flatten(document, "")
        self.ways = {key: list(_ways(state)) for key, state in self.states.items()}
        self.joined = self._joined()
        self.incoming = self._incoming()
        self.starts = {key for key in self.states if self._is_start(key)}
        self.ends = {key for key in self.states if self._is_end(key)}
        self.regions = {key for key in self.states if self._is_region(key)}

    def _flatten(self, holder: Document, parent: str) -> None:
        for key, state in holder.get("states", {}).items():
            self.states[key] = state
            self.parent[key] = parent
            self._flatten(state, key)

    def holder(self, key: str) -> Document:
        return self.states[key] if key else self.document

    def shape(self, key: str) -> str:
        """The special shape of a state, if it is drawn with one."""
        state = self.states[key]
        shape = drawn_meta(state).get("shape")
        plain = not ({"type", "states", "tasks"} & set(state))
        return shape if shape in SHAPES and plain else ""

    def source(self, key: str) -> Source:
        state = self.states[key]
        activities = frozenset(item["id"] for item in state.get("invoke", ()))
        works = bool(activities or "tasks" in state)
        return Source(key, bool(state.get("states")), self.shape(key), activities, works)

    def is_known(self, way: Document) -> bool:
        return all(target in self.states for target in targets_of(way))

    def home(self, key: str) -> str:
        """The state in which the ways out of this one stand; empty is the top."""
        parent = self.parent[key]
        if not parent or self.states[parent].get("type") == "parallel":
            return ""
        targets = [targets_of(way) for _, way in self.ways[key] if self.is_known(way)]
        near = all(len(some) < 2 and all(self.parent[target] == parent for target in some) for some in targets)
        return parent if near else ""

    def apart(self, one: str, other: str) -> bool:
        """Whether two states lie in different regions of a parallel state."""
        first, second = self._line(one), self._line(other)
        shared = next((key for key in first if key in second), "")
        if not shared or shared in (one, other):
            return False
        return self.states[shared].get("type") == "parallel" and len(self.states[shared].get("states", {})) > 1

    def _line(self, key: str) -> list[str]:
        found = [key]
        while self.parent[found[-1]]:
            found.append(self.parent[found[-1]])
        return found

    def _incoming(self) -> dict[str, list[tuple[str, Document]]]:
        found: dict[str, list[tuple[str, Document]]] = {key: [] for key in self.states}
        for key, ways in self.ways.items():
            for _, way in ways:
                for target in targets_of(way):
                    if target in found:
                        found[target].append((key, way))
        return found

    def _begins(self, key: str) -> list[str]:
        """The states, or the chart, which begin with this one."""
        holders = {"": self.document, **self.states}
        return [name for name, holder in holders.items() if key in initial_of(holder)[0]]

    def _is_end(self, key: str) -> bool:
        """Whether `[*]` says all of a final state."""
        parent, into = self.parent[key], self.incoming[key]
        others = [name for name in self.holder(parent)["states"] if name not in self.starts]
        fitting = self.states[key] == {"type": "final"} and key == key_of(f"{parent}.end" if parent else "end")
        if not (fitting and into and others[-1] == key) or self._begins(key):
            return False
        whole = all(targets_of(way) == [key] and self.is_known(way) for _, way in into)
        return whole and all(self.home(source) == parent for source, _ in into) and self._holds_nodes(parent)

    def _holds_nodes(self, parent: str) -> bool:
        return not parent or self.states[parent].get("type") != "parallel"

    def _is_start(self, key: str) -> bool:
        """Whether arrows from `[*]` say all of a state: it was made of them."""
        parent, state = self.parent[key], self.states[key]
        fitting = drawn_meta(state) == {"shape": "start"} and set(state) == {"always", "meta"}
        last = list(self.holder(parent)["states"])[-1] == key and key == key_of(
            f"{parent}.start" if parent else "start"
        )
        if not (fitting and last and self._begins(key) == [parent] and not self.incoming[key]):
            return False
        alone = initial_of(self.holder(parent)) == ([key], [])
        ways = state["always"]
        near = all(self.is_known(way) and len(targets_of(way)) == 1 for way in ways) and (
            not parent or all(self.parent[targets_of(way)[0]] == parent for way in ways)
        )
        said = len(ways) > 1 or "guard" in ways[0] or "label" in drawn_meta(ways[0])
        silent = all(set(way) <= {"target", "guard", "actions", "meta"} for way in ways)
        return alone and near and said and silent and self._holds_nodes(parent)

    def _is_region(self, key: str) -> bool:
        """Whether the lines between two `--` say all of a state."""
        parent, state = self.parent[key], self.states[key]
        siblings = list(self.states[parent]["states"]) if parent else []
        if not parent or self.states[parent].get("type") != "parallel" or len(siblings) < 2:
            return False
        fitting = set(state) <= {"states", "initial"} and bool(state.get("states"))
        named = key == key_of(f"{parent}.region{siblings.index(key) + 1}")
        inside = state.get("states", {})
        begun = "initial" in state and all(target in self.states for target in initial_of(state)[0])
        many = len(inside) > 1 or begun or any(child in self.ends for child in inside)
        return fitting and named and many and not self.incoming[key] and not self._begins(key)

    def _joined(self) -> set[tuple[str, str]]:
        """The ways into a join whose guard only says that it is one."""
        found: set[tuple[str, str]] = set()
        for key in self.states:
            if self.shape(key) != "join":
                continue
            into = [
                (source, label, way)
                for source, ways in self.ways.items()
                for label, way in ways
                if key in targets_of(way)
            ]
            sources = [source for source, _, _ in into]
            if len(set(sources)) == len(sources) > 1 and all(
                self._joins(source, label, way, set(sources) - {source}) for source, label, way in into
            ):
                found.update((source, key) for source in sources)
        return found

    def _joins(self, source: str, label: Label, way: Document, others: set[str]) -> bool:
        usual = label.kind == self.source(source).usual and set(way) == {"target", "guard"}
        single = len(targets_of(way)) == 1 and len(others) < MOST_HEADS
        return (
            usual
            and single
            and way["guard"] == join_guard(others)
            and all(self.apart(source, other) for other in others)
        )


def drawn_meta(part: Document) -> dict[str, Any]:
    """What our reader kept in `meta` of how a part was drawn, when nothing else is there."""
    meta = part.get("meta", {})
    own = meta.get(OURS)
    return own if len(meta) == 1 and isinstance(own, dict) else {}


def targets_of(way: Document) -> list[str]:
    targets = way.get("target", [])
    return [targets] if isinstance(targets, str) else targets


def initial_of(holder: Document) -> tuple[list[str], list[Document]]:
    """The targets and the actions of an initial transition."""
    initial = holder.get("initial", [])
    if isinstance(initial, dict):
        return targets_of(initial), initial.get("actions", [])
    return [initial] if isinstance(initial, str) else [], []


def _ways(state: Document) -> Iterator[Way]:
    for name in LISTS:
        for way in state.get(name, ()):
            yield Label(name, _said(way)), way
    for item in state.get("invoke", ()):
        for way in item.get("onDone", ()):
            yield Label("done", _said(way), item["id"]), way
        failure = item.get("onFailure", {})
        if failure.get("policy") == "catch":
            way = {key: value for key, value in failure.items() if key != "policy"}
            yield Label("error", _said(way), item["id"]), way


def _said(way: Document) -> Document:
    return {key: value for key, value in way.items() if key not in ("target", "meta")}
