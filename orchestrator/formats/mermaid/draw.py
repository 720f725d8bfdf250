"""The lines of a diagram, and beside them what no line can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from orchestrator.formats.mermaid.actions import Document
from orchestrator.formats.mermaid.body import WORK, Body, type_line, write_blocks, write_stay
from orchestrator.formats.mermaid.document import TITLE, describe, layout_of
from orchestrator.formats.mermaid.forks import MOST_HEADS, fork_name
from orchestrator.formats.mermaid.labels import Label, Source, write_label
from orchestrator.formats.mermaid.plan import OURS, Plan, drawn_meta, initial_of, targets_of
from orchestrator.formats.mermaid.text import escape, key_of, write_id
from orchestrator.formats.mermaid.words import meaning
from orchestrator.statechart.reading import KEY, readable

INDENT = "    "
DIRECTIONS = ("TB", "BT", "RL", "LR", "TD")
KEPT_OF_CHART = ("owner", "binding", "context", "contextSchema", "silence")
KEPT_OF_STATE = ("owner", "context", "expectedWithin", "output", "tasks", "maxConcurrency", "toleratedFailures")
WORDS = {
    "contextSchema": "Schema of the context",
    "silence": "Silenced problems",
    "expectedWithin": "Expected duration",
    "invoke": "Activities",
    "maxConcurrency": "Limit of tasks at once",
    "toleratedFailures": "Tolerated failures",
}


class Drawing:
    """Grows in one pass over the states; `beside` lists the path and the name of what is only kept."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.beside: list[tuple[str, str]] = []
        self.chart: Document = {}
        self.states: dict[str, Document] = {}
        self.metas: dict[str, Any] = {}
        self.forks: dict[str, list[str]] = {}
        title = plan.document["title"]
        self.title = "" if title == TITLE else title
        if plan.document["id"] != key_of(title):
            self.chart["id"] = plan.document["id"]

    def kept(self) -> Document:
        """What stands in the front matter."""
        parts = {"states": self.states, "ways": self.metas}
        return {**self.chart, **{name: part for name, part in parts.items() if part}}

    def lines(self) -> list[str]:
        """Everything after the first line."""
        document = self.plan.document
        for name in KEPT_OF_CHART:
            if name in document:
                self._keep(self.chart, name, document[name], "")
        own: Document = {}
        found = self._direction(drawn_meta(document), own)
        if document.get("description"):
            found.append(f"accDescr: {escape(document['description'])}")
        found += self._scope("", document, own)
        self._keep_meta(self.chart, document, own, "")
        return [INDENT + line for line in found]

    def _keep(self, where: Document, name: str, value: object, path: str) -> None:
        where[name] = value
        self.beside.append((path, WORDS.get(name, name.capitalize())))

    def _keep_of(self, key: str, name: str, value: object) -> None:
        self._keep(self.states.setdefault(key, {}), name, value, f"states/{key}")

    def _keep_meta(self, where: Document, part: Document, own: Document, path: str) -> None:
        """Keep `meta` unless the reader makes the same of the drawing."""
        filled = {name: value for name, value in own.items() if value}
        if part.get("meta", {}) != ({OURS: filled} if filled else {}):
            self._keep(where, "meta", part["meta"], path)

    def _direction(self, drawn: Document, own: Document) -> list[str]:
        direction = drawn.get("direction")
        if direction not in DIRECTIONS:
            return []
        own["direction"] = direction
        return [f"direction {direction}"]

    def _scope(self, key: str, holder: Document, own: Document) -> list[str]:
        """The states in a holder, then the arrows that stand there, then its start."""
        found: list[str] = []
        for child, state in holder.get("states", {}).items():
            if child not in self.plan.ends and child not in self.plan.starts:
                found += self._state(child, state)
        here = [child for child in self.plan.states if self.plan.home(child) == key] if key else self._at_top()
        for child in here:
            if child not in self.plan.starts:
                found += self._ways(child)
        return found + self._start(key, holder, own)

    def _at_top(self) -> list[str]:
        return [child for child in self.plan.states if not self.plan.home(child)]

    def _start(self, key: str, holder: Document, own: Document) -> list[str]:
        targets, actions = initial_of(holder)
        if not targets:
            return []
        if not holder.get("states") or any(target not in self.plan.states for target in targets):
            where = self.states.setdefault(key, {}) if key else self.chart
            self._keep(where, "initial", holder["initial"], f"states/{key}" if key else "")
            return []
        if targets[0] in self.plan.starts:
            ways = self.plan.states[targets[0]]["always"]
            return [line for index, way in enumerate(ways) for line in self._begun(targets[0], index, way)]
        label = Label("always", {"actions": actions} if actions else {})
        words = write_label(label, Source("", pseudo="start"))
        return self._arrow("[*]", key, "initial", targets, words, drawn_meta(holder).get("fork"), own)

    def _begun(self, key: str, index: int, way: Document) -> list[str]:
        """One of several arrows from a start."""
        source = Source("", pseudo="start")
        said = {name: value for name, value in way.items() if name not in ("target", "meta")}
        own: Document = {}
        label = self._label(Label("always", said), source, way, own)
        self._keep_way(f"{key}/always/{index}", way, own)
        return [f"[*] --> {self._head_of(targets_of(way)[0])}{_after(label)}"]

    def _head_of(self, target: str) -> str:
        return "[*]" if target in self.plan.ends else write_id(target)

    def _state(self, key: str, state: Document) -> list[str]:
        for name in KEPT_OF_STATE:
            if name in state:
                self._keep_of(key, name, state[name])
        if "history" in state and state.get("type") != "history":
            self._keep_of(key, "history", state["history"])
        if "invoke" in state:
            self._keep_of(key, "invoke", [_without_ways(item) for item in state["invoke"]])
        own: Document = {"shape": self.plan.shape(key)}
        body = self._body(key, state)
        beside = self._described(key, state, own)
        inner = self._inner(key, state, own)
        head = self._head(key, state, bool(body or beside))
        self._keep_meta(self.states.setdefault(key, {}), state, own, f"states/{key}")
        if not self.states[key]:
            del self.states[key]
        said = [self._line(key, state, line) for line in body]
        if not inner:
            return [head, *said, *beside]
        return [head + " {", *(INDENT + line for line in inner), "}", *said, *beside]

    def _head(self, key: str, state: Document, spoken: bool) -> str:
        name, shape, title = write_id(key), self.plan.shape(key), state.get("title", readable(key))
        if shape:
            if "title" in state:
                self._keep_of(key, "title", title)
            return f"state {name} <<{shape}>>"
        if title == key == readable(key) and not spoken:
            return f"state {name}" if state.get("states") else name
        return f'state "{escape(title)}" as {name}'

    def _line(self, key: str, state: Document, text: str) -> str:
        """Mermaid has no descriptions of composite states, but notes beside them."""
        name = write_id(key)
        return f"note right of {name} : {escape(text)}" if state.get("states") else f"{name} : {escape(text)}"

    def _body(self, key: str, state: Document) -> list[str]:
        implied = "compound" if state.get("states") else "parallel" if "tasks" in state else "atomic"
        drawn = "parallel" if state.get("type") == "parallel" and len(state.get("states", {})) > 1 else implied
        kind = type_line(state, drawn)
        works = [item["title"] for item in state.get("invoke", ()) if "title" in item]
        works += [task.get("title", readable(name)) for name, task in state.get("tasks", {}).items()]
        fixed = ["«atomic»"] if self._may_merge(key) and not kind else []
        return [*([kind] if kind else fixed), *write_blocks(state), *(WORK + title for title in works)]

    def _may_merge(self, key: str) -> bool:
        """Whether a reader could take this fork for one transition."""
        targets = [target for _, way in self.plan.ways[key] for target in targets_of(way) if target in self.plan.states]
        apart = any(self.plan.apart(one, other) for one in targets[:1] for other in targets[1:])
        return self.plan.shape(key) == "fork" and (apart or key.startswith("fork."))

    def _described(self, key: str, state: Document, own: Document) -> list[str]:
        """The description where it stood, or else in a note."""
        text, drawn = state.get("description", ""), drawn_meta(state)
        lines, beside = drawn.get("lines", []), drawn.get("notes", [])
        if not (_are_texts(lines) and _are_notes(beside) and describe(lines, beside) == text):
            lines, beside = [], [["right", text]] if text else []
        source = self.plan.source(key)
        if any(Body().take(line, source) for line in [*lines, *(note for _, note in beside)]):
            self._keep_of(key, "description", text)
            return []
        own.update(layout_of(lines, beside))
        name = write_id(key)
        found = [f"{name} : {escape(line)}" for line in lines]
        return [*found, *(line for side, note in beside for line in _note(name, side, note))]

    def _inner(self, key: str, state: Document, own: Document) -> list[str]:
        """What stands between the braces."""
        if state.get("type") != "parallel" or not state.get("states"):
            if not state.get("states"):
                self._start(key, state, own)
                return []
            return [*self._direction(drawn_meta(state), own), *self._scope(key, state, own)]
        if "initial" in state:
            self._keep_of(key, "initial", state["initial"])
        found = self._direction(drawn_meta(state), own)
        for number, (child, region) in enumerate(state["states"].items()):
            found += ["--"] if number else []
            found += self._scope(child, region, {}) if child in self.plan.regions else self._state(child, region)
        return found

    def _ways(self, key: str) -> Iterator[str]:
        """The arrows out of a state, and between them what leads nowhere."""
        source, state = self.plan.source(key), self.plan.states[key]
        for ref, (label, way) in zip(_refs(key, state), self.plan.ways[key], strict=True):
            own: Document = {}
            targets = targets_of(way)
            if not targets or not self.plan.is_known(way):
                full = Label(label.kind, {**label.way, **({"target": targets} if targets else {})}, label.of)
                yield self._line(key, state, write_stay(full, source))
            else:
                joined = len(targets) == 1 and (key, targets[0]) in self.plan.joined
                words = "" if joined else self._label(label, source, way, own, self._is_loud(targets))
                part = "/".join(ref.split("/")[1:]).replace("/", ".")
                yield from self._arrow(write_id(key), key, part, targets, words, drawn_meta(way).get("fork"), own)
            self._keep_way(ref, way, own)

    def _is_loud(self, targets: list[str]) -> bool:
        return any(self.plan.shape(target) == "join" for target in targets)

    def _keep_way(self, ref: str, way: Document, own: Document) -> None:
        if way.get("meta", {}) != ({OURS: own} if own else {}):
            self._keep(self.metas, ref, way["meta"], ref)

    def _label(self, label: Label, source: Source, way: Document, own: Document, loud: bool = False) -> str:
        """The words that were read if they still say the same, or else ours."""
        words = drawn_meta(way).get("label")
        if isinstance(words, str) and words == words.strip() and meaning(words, source) == (label, False):
            own["label"] = words
            return words
        return write_label(label, source, loud)

    def _arrow(
        self, tail: str, holder: str, part: str, targets: list[str], label: str, wanted: object, own: Document
    ) -> list[str]:
        """One arrow, or a fork where it has several heads, or one that lies deeper than the start."""
        near = tail != "[*]" or not holder or self.plan.parent[targets[0]] == holder
        if len(targets) == 1 and near:
            return [f"{tail} --> {self._head_of(targets[0])}{_after(label)}"]
        fork = self._fork(wanted, fork_name(holder, part), targets, own)
        bar = write_id(fork)
        heads = [f"{bar} --> {write_id(target)}" for target in targets] if fork not in self.forks else []
        self.forks[fork] = targets
        return [f"state {bar} <<fork>>", f"{tail} --> {bar}{_after(label)}", *heads]

    def _fork(self, wanted: object, usual: str, targets: list[str], own: Document) -> str:
        """The name of a fork: the one that was read if it still fits, or else one of our own."""
        known = isinstance(wanted, str) and KEY.fullmatch(wanted) and wanted not in self.plan.states
        if known and not str(wanted).startswith("fork.") and self.forks.get(str(wanted), targets) == targets:
            apart = all(self.plan.apart(one, other) for one, other in combinations(targets, 2))
            if apart and 1 < len(targets) <= MOST_HEADS:
                own["fork"] = wanted
                return str(wanted)
        while usual in self.plan.states:
            usual += "_"
        return usual


def _after(label: str) -> str:
    return f" : {escape(label)}" if label else ""


def _note(name: str, side: str, text: str) -> list[str]:
    """A note on as many lines as its text has."""
    if "\n" not in text or text != text.strip("\n"):
        return [f"note {side} of {name} : {escape(text)}"]
    return [f"note {side} of {name}", *(INDENT + escape(line) for line in text.split("\n")), "end note"]


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _are_notes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, list) and len(item) == 2 and item[0] in ("left", "right") and _are_texts(item)
        for item in value
    )


def _without_ways(item: Document) -> Document:
    policy = item.get("onFailure", {}).get("policy")
    bare = {name: value for name, value in item.items() if name not in ("onDone", "onFailure")}
    return {**bare, "onFailure": {"policy": policy}} if policy else bare


def _refs(key: str, state: Document) -> Iterable[str]:
    """The addresses of the ways out of a state, in their order."""
    for name in ("on", "after", "always", "onDone"):
        yield from (f"{key}/{name}/{index}" for index in range(len(state.get(name, ()))))
    for number, item in enumerate(state.get("invoke", ())):
        yield from (f"{key}/invoke/{number}/onDone/{index}" for index in range(len(item.get("onDone", ()))))
        if item.get("onFailure", {}).get("policy") == "catch":
            yield f"{key}/invoke/{number}/onFailure"
