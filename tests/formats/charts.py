"""Random charts that use every construct of the language: what each format must carry, or say that it lost.

`documents()` and `charts()` are all that other tests need; `seeded` is for those which want thousands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse
from tests.statechart import charts as plain
from tests.statechart.support import Document, assign, document, undo

T = TypeVar("T")
ENDINGS = ("", "", "", ".x", "-y", "_Z")
TEXTS = (
    "Prüfung läuft",
    "注文を確認する",
    "<b>R&amp;D</b>",
    'He said "hi"',
    "two\nlines",
    "a --> b: c",
    "% ; # $",
    "🙂 é",
)
SAYINGS = (*TEXTS, "", "`code` and [link](x)", "]]> ${not a template here", "\\n \\ / end", "note\n\n  indented")
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1.5,
    10**15,
    "",
    "text",
    "${context.n}",
    [],
    {},
    [1, [None]],
    {"a": {"b": "${now}"}},
)
GUARDS = ("context.n > 1 && event.v < 2", "!(context.n == 1) || true", "In('%s')", "'\"' == '<&>'", "has(context.n)")
DELAYS = ("PT1S", "PT1.5S", "P1DT2H", "PT${context.n}S", "${context.wait}")
NAMES = ("first", "second", "third")
METAS: tuple[Document, ...] = ({}, {}, {"colour": "#fff", "x": [1, None]}, {"": "", "signalbox": {"title": "mine"}})
LEAVES: tuple[Document, ...] = (
    assign("deep.a.b", "context.n + 1"),
    assign("list", "[1, 2].map(x, x * 2)"),
    {"type": "raise", "event": "r.${context.n}", "data": [1, "${context.n}"]},
    {"type": "raise", "event": "r", "data": ""},
    {
        "type": "send",
        "event": "c",
        "delay": "${context.wait}",
        "id": "s ${context.n}",
        "idTo": "sent",
        "data": {"a": 0},
    },
    {"type": "send", "event": "up.now", "target": "#_parent", "data": None},
    {"type": "send", "event": "down", "target": "#_child", "delay": "PT5S", "data": {"deep": {"x": ["${now}"]}}},
    {"type": "send", "event": "in", "target": "#_internal"},
    {
        "type": "emit",
        "event": "order.placed",
        "topic": "orders",
        "data": {"n": "${context.n}"},
        "key": "${instance.key}",
    },
    {"type": "emit", "event": "told", "topic": "t-1.x", "key": "k"},
    {"type": "emit", "event": "e.${context.n}", "topic": "${context.topic}", "data": [None]},
    {"type": "cancel", "id": "s ${context.n}"},
    {"type": "log", "expr": "{'n': context.n}", "label": "now: n"},
    {"type": "compensate"},
)
RETRY: Document = {"maxAttempts": 4, "interval": "PT2S", "backoff": 1.5, "maxInterval": "PT1M", "jitter": False}
CHILD = document({"in": {"on": [{"event": "go", "target": "out"}]}, "out": {"type": "final", "output": {"k": "${1}"}}})
CHILDREN: tuple[Document, ...] = (
    {"chart": CHILD, "input": {"context": {"n": "${context.n}"}}},
    {
        "chart": {**CHILD, "id": "c-2", "title": "子", "binding": "late", "initial": {"target": "in"}},
        "autoforward": True,
    },
    {"input": {"src": "other-machine"}},
)


class Maker:
    """Puts further constructs into a plain document, state by state, choosing as it is told."""

    def __init__(self, choose: plain.Choose) -> None:
        self.choose = choose
        self.made = renamed(choose, plain.made_by(choose))
        self.keys = [key for key, _ in walk(self.made["states"])]

    def document(self) -> Document:
        for key, state in list(walk(self.made["states"])):
            self.furnish(key, state)
        self.made |= self.filled(
            title=self.choose(("", *TEXTS)),
            description=self.choose(SAYINGS),
            owner=self.choose(("", "ops@example.com")),
            binding=self.choose(("early", "late")),
            contextSchema=self.choose(({}, {"type": "object", "properties": {"n": {"type": "integer"}}})),
            silence=self.choose(([], [{"code": "dead-end", "reason": "Meant so", "path": self.choose(self.keys)}])),
            meta=self.choose(METAS),
        )
        self.made["context"] |= {"wait": "PT1H", "list": [], "value": self.choose(VALUES)}
        self.made["initial"] = self.initial(self.made["states"], self.made["initial"])
        return self.made

    def furnish(self, key: str, state: Document) -> None:
        state |= self.filled(
            title=self.choose(("", "", *TEXTS)), description=self.choose(("", *SAYINGS)), meta=self.choose(METAS)
        )
        if state["type"] == "history":
            return
        state["entry"] = self.block() or state["entry"]
        state["exit"] = self.block() or state["exit"]
        state |= self.filled(
            owner=self.choose(("", "", "someone")), context=self.choose(({}, {}, {"own": self.choose(VALUES)}))
        )
        if state["type"] == "final":
            state["output"] = self.choose(VALUES)
            return
        if state["type"] == "compound":
            state["initial"] = self.initial(state["states"], state["initial"])
        self.ways(state)
        if self.rarely():
            state["invoke"] = [*state.get("invoke", []), self.activity(key)]
        if state["type"] == "atomic" and self.rarely():
            state["tasks"] = self.tasks()
            state |= self.filled(
                maxConcurrency=self.choose((None, 1, 2)), toleratedFailures=self.choose((None, 1, 100))
            )
            del state["type"]

    def ways(self, state: Document) -> None:
        """More of some transition: several events, another guard, several actions, what others wrote about it."""
        for way in [*state.get("on", ()), *state.get("after", ())]:
            if "event" in way and self.rarely():
                way["event"] = [way["event"], "more.*"]
            if self.rarely():
                way |= self.filled(guard=self.guard(), meta=self.choose(METAS))
                way["actions"] = self.block() or way.get("actions", [])

    def guard(self) -> str:
        guard = self.choose(GUARDS)
        return guard % self.choose(self.keys) if "%s" in guard else guard

    def initial(self, states: Document, usual: str) -> object:
        """Where to begin: the key alone, any state or several states inside, and actions on the way."""
        if not self.rarely():
            return usual
        target = self.choose(targets(states))
        return self.filled(target=target if len(target) > 1 else target[0], actions=self.block())

    def block(self, depth: int = 2) -> list[Document]:
        return [self.action(depth) for _ in range(self.choose((0, 0, 1, 2)))]

    def action(self, depth: int) -> Document:
        kind = self.choose(("", "", "", "choose", "forEach")) if depth else ""
        if kind == "choose":
            branch: Document = {"guard": self.guard(), "actions": self.block(depth - 1)}
            otherwise: Document = {"actions": list(LEAVES[:2])}
            return {"type": "choose", "branches": self.choose(([branch], [branch, branch], [branch, otherwise]))}
        if kind == "forEach":
            each = {"items": "context.list", "item": "it", "actions": self.block(depth - 1)}
            return {"type": "forEach", **each, **self.choose(({}, {"index": "at"}))}
        return self.choose(LEAVES)

    def activity(self, key: str) -> Document:
        if self.rarely():
            named = self.choose(({"id": f"child {key}", "idTo": "child"}, {}))
            return {"kind": "chart", **named, **self.choose(CHILDREN), "finalize": self.block(), "onDone": self.end()}
        called = {"callable": f"more_{key}", "of": self.choose(VALUES)}
        undone: Document = {**undo(key), "timeout": "PT9S", "retry": {"maxAttempts": 2, "backoff": 3, "errors": ["E"]}}
        more = self.filled(
            title=self.choose(("", *TEXTS)),
            result=self.choose((None, "kept.here")),
            timeout=self.choose((None, "${context.wait}")),
            idempotencyKey=self.choose((None, "${instance.key}-1")),
            retry=self.choose(({}, RETRY)),
            map=self.choose((None, {"items": "context.list", "maxConcurrency": 2, "toleratedFailures": 1})),
            compensate=self.choose((None, undone)),
        )
        return {"kind": "python", "input": called, **more, "onDone": self.end(), "onFailure": self.failure()}

    def end(self) -> list[Document]:
        return [{"target": self.choose(self.keys), "actions": self.block()} for _ in range(self.choose((0, 1)))]

    def failure(self) -> Document:
        policy = self.choose(plain.POLICIES)
        return {"policy": policy, **({"target": self.choose(self.keys)} if policy == "catch" else {})}

    def tasks(self) -> Document:
        """A task may come after any of those before it."""
        made: Document = {}
        for name in NAMES[: self.choose((1, 2, 3))]:
            after = [other for other in made if self.rarely()]
            called = {"kind": "python", "input": {"callable": name}, "onFailure": self.failure()}
            made[name] = {**called, **self.filled(after=after, title=self.choose(("", *TEXTS)), result=name)}
        return made

    def rarely(self) -> bool:
        return self.choose((False, False, True))

    def filled(self, **values: object) -> Document:
        return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def walk(states: Document) -> Iterator[tuple[str, Document]]:
    """Every state with its key, outermost first."""
    for key, state in states.items():
        yield key, state
        yield from walk(state.get("states", {}))


def renamed(choose: plain.Choose, made: Document) -> Document:
    """The document with other keys of states, as far as the form allows."""
    names = {key: key + choose(ENDINGS) for key, _ in walk(made["states"])}

    def mended(value: object) -> object:
        if isinstance(value, list):
            return [mended(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            names.get(key, key): aimed(item) if key in ("target", "initial") else mended(item)
            for key, item in value.items()
        }

    def aimed(value: object) -> object:
        return [names[key] for key in value] if isinstance(value, list) else names[str(value)]

    result = mended(made)
    assert isinstance(result, dict)
    return result


def targets(states: Document) -> list[list[str]]:
    """Every state inside but histories, and every two which lie in different regions of one parallel state."""
    real = [(key, state) for key, state in walk(states) if state.get("type") != "history"]
    found = [[key] for key, _ in real]
    for _, state in real:
        if state.get("type") == "parallel" and "states" in state:
            regions = [
                [key, *(inner for inner, held in walk(region.get("states", {})) if held.get("type") != "history")]
                for key, region in state["states"].items()
                if region.get("type") != "history"
            ]
            found += [list(pair) for one, other in combinations(regions, 2) for pair in product(one, other)]
    return found


def made_by(choose: plain.Choose) -> Document:
    """A document without errors."""
    return Maker(choose).document()


def seeded(seed: int) -> Document:
    """The document of a number: five times as quick as drawing one, for tests which want many."""
    return made_by(Random(seed).choice)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Documents of valid charts, which Hypothesis makes small when something is wrong with them."""

    def choose(options: Sequence[T], /) -> T:
        return draw(st.sampled_from(options))

    return made_by(choose)


def charts() -> st.SearchStrategy[Chart]:
    """Valid charts."""
    return documents().map(parse)
