"""The JSON document of a chart: read into a `Chart`, written back, and hashed.

`parse(dump(chart)) == chart` for every chart. Reading checks form; whether the chart makes sense is for `validate`.
"""

from __future__ import annotations

import hashlib
import json
from typing import get_args

from orchestrator.statechart.definition import Binding, Chart, HistoryType, Silence, State, StateType
from orchestrator.statechart.document_actions import actions_of
from orchestrator.statechart.document_activities import ACTIVITY_KEYS, activity_of
from orchestrator.statechart.document_tasks import LIMIT_KEYS, limits_of, regions_of, tasks_of
from orchestrator.statechart.document_ways import initial_of, results_of, ways_of
from orchestrator.statechart.dumping import dump
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import KEY, DocumentError, Node, check_json, loads, readable

__all__ = ["FORMAT", "DocumentError", "content_hash", "dump", "loads", "parse", "readable"]

FORMAT = 1
MAX_STATES = 2_000
MAX_NESTING = 20
CHART_KEYS = frozenset(
    {"$schema", "signalbox", "id", "title", "description", "initial", "context", "states", "meta"}
    | {"contextSchema", "binding", "owner", "silence"}
)
STATE_KEYS = frozenset(
    {"title", "description", "type", "initial", "history", "entry", "exit", "on", "after", "always", "onDone"}
    | {"invoke", "states", "expectedWithin", "meta", "context", "output", "tasks", "owner"}
    | LIMIT_KEYS
)
SILENCE_KEYS = frozenset({"code", "path", "reason"})


def content_hash(document: object) -> str:
    """SHA-256 of the document as compact JSON; the order of keys counts, because the order of states has a meaning."""
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()


def parse(document: object) -> Chart:
    """The chart of a document. Raises DocumentError naming the place."""
    check_json(document)
    return _chart(Node(document, "", None, "a chart"))


def _chart(given: Node) -> Chart:
    node = Node(given.value, given.path, CHART_KEYS, "a chart")
    if node.value.get("signalbox") != FORMAT:
        raise DocumentError(node.at("signalbox"), f"must be {FORMAT}, the version of the format")
    key = node.required("id", 80)
    if not KEY.fullmatch(key):
        raise DocumentError(node.at("id"), "use letters, digits, “_”, “-” and “.”")
    binding: Binding = "late" if node.choice("binding", get_args(Binding), "early") == "late" else "early"
    states: dict[str, State] = {}
    roots = _states(node, None, states, 0)
    return Chart(
        id=key,
        title=node.optional("title", 200) or readable(key),
        initial=initial_of(node),
        states=states,
        roots=roots,
        context=node.mapping("context"),
        context_schema=node.mapping("contextSchema"),
        binding=binding,
        owner=node.text("owner", longest=200),
        silenced=tuple(_silence(Node(item, path, SILENCE_KEYS, "a silence")) for path, item in node.items("silence")),
        description=node.text("description"),
        meta=node.mapping("meta"),
    )


def _silence(node: Node) -> Silence:
    return Silence(node.required("code", 80), node.required("reason", 500), node.text("path", longest=500))


def _states(holder: Node, parent: str | None, states: dict[str, State], depth: int) -> tuple[str, ...]:
    """Read the states in `holder` into `states` in document order; returns their keys."""
    if depth > MAX_NESTING:
        raise DocumentError(holder.at("states"), f"states are nested deeper than {MAX_NESTING}; flatten them")
    inner = holder.mapping("states")
    for key, value in inner.items():
        path = f"{holder.at('states')}/{key}"
        if not KEY.fullmatch(key):
            raise DocumentError(path, "use letters, digits, “_”, “-” and “.” for the key of a state, 80 at most")
        _refuse_repeated(path, key, states)
        node = Node(value, path, STATE_KEYS, "a state")
        states[key] = _state(key, node, parent, ())
        children = _regions(key, node, states) if "tasks" in node.value else _states(node, key, states, depth + 1)
        if children:
            states[key] = _state(key, node, parent, children)
    return tuple(inner)


def _refuse_repeated(path: str, key: str, states: dict[str, State]) -> None:
    if key in states:
        raise DocumentError(path, f"another state has the key “{key}”; every key is used once in a chart")
    if len(states) >= MAX_STATES:
        raise DocumentError(path, f"more than {MAX_STATES} states; divide the chart")


def _regions(key: str, node: Node, states: dict[str, State]) -> tuple[str, ...]:
    """Read the states that are made from tasks into `states`; returns the keys of the regions."""
    if node.value.get("states") or node.value.get("type", "parallel") != "parallel":
        raise DocumentError(node.at("tasks"), "a state with tasks is parallel and has no states of its own")
    made = regions_of(key, node)
    for state in made.values():
        _refuse_repeated(node.at("tasks"), state.id, states)
        states[state.id] = state
    return tuple(state.id for state in made.values() if state.parent == key)


def _state(key: str, node: Node, parent: str | None, children: tuple[str, ...]) -> State:
    tasks = tasks_of(node)
    implied = "parallel" if tasks else "compound" if children else "atomic"
    kind = node.choice("type", get_args(StateType), implied)
    history = node.choice("history", get_args(HistoryType), "shallow" if kind == "history" else "")
    activities = [
        (f"{key}/invoke/{n}", Node(item, path, ACTIVITY_KEYS, "an activity"))
        for n, (path, item) in enumerate(node.items("invoke"))
    ]
    made = tuple(activity_of(ref, entry, f"{key}.{n}", _chart) for n, (ref, entry) in enumerate(activities))
    ways = ways_of(node, key)
    for activity, (_, entry) in zip(made, activities, strict=True):
        ways.extend(results_of(entry, key, activity))
    return State(
        id=key,
        type=kind,  # type: ignore[arg-type]  # one of the choices
        title=node.optional("title", 200) or readable(key),
        parent=parent,
        children=children,
        initial=initial_of(node),
        history=history or None,  # type: ignore[arg-type]  # one of the choices
        entry=actions_of(node, "entry"),
        exit=actions_of(node, "exit"),
        transitions=tuple(ways),
        activities=made,
        expected_within=node.optional("expectedWithin", MAX_LENGTH),
        context=node.mapping("context"),
        output=node.value.get("output"),
        tasks=tasks,
        limits=limits_of(node),
        owner=node.text("owner", longest=200),
        description=node.text("description"),
        meta=node.mapping("meta"),
    )
