"""The JSON document of a chart: read into a `Chart`, written back, and hashed.

`parse(dump(chart)) == chart` for every chart. Reading checks form; whether the chart makes sense is for `validate`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, get_args

from orchestrator.statechart.definition import (
    JSON,
    Action,
    Activity,
    Assign,
    Cancel,
    Chart,
    Compensate,
    Compensation,
    FailurePolicy,
    Log,
    Raise,
    Retry,
    Send,
    State,
    StateType,
    Transition,
    TransitionKind,
)
from orchestrator.statechart.dumping import dump
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import KEY, DocumentError, Node, check_json, loads, readable

__all__ = ["FORMAT", "DocumentError", "content_hash", "dump", "loads", "parse", "readable"]

FORMAT = 1
MAX_STATES = 2_000
MAX_NESTING = 20
LISTS: tuple[tuple[str, TransitionKind], ...] = (
    ("on", "on"),
    ("after", "after"),
    ("always", "always"),
    ("onDone", "done"),
)
CHART_KEYS = frozenset({"$schema", "signalbox", "id", "title", "description", "initial", "context", "states", "meta"})
STATE_KEYS = frozenset(
    {"title", "description", "type", "initial", "history", "entry", "exit", "on", "after", "always", "onDone"}
    | {"invoke", "states", "expectedWithin", "meta"}
)
WAY_KEYS = frozenset({"target", "guard", "actions", "internal", "meta"})
ACTIVITY_KEYS = frozenset(
    {"id", "kind", "title", "input", "result", "timeout", "retry", "onDone", "onFailure", "compensate"}
    | {"idempotencyKey"}
)
ACTION_KEYS = {
    "assign": {"type", "to", "expr"},
    "raise": {"type", "event", "data"},
    "send": {"type", "event", "data", "delay", "id"},
    "cancel": {"type", "id"},
    "log": {"type", "expr"},
    "compensate": {"type"},
}
RETRY_KEYS = frozenset({"maxAttempts", "interval", "backoff", "maxInterval", "jitter", "errors"})
UNDO_KEYS = frozenset({"kind", "title", "input", "timeout", "retry"})
UNDO_RETRY = Retry(max_attempts=5)
ATTEMPT_TIMEOUT = "PT30S"


def content_hash(document: object) -> str:
    """SHA-256 of the document as compact JSON; the order of keys counts, because the order of states has a meaning."""
    return hashlib.sha256(json.dumps(document, separators=(",", ":")).encode()).hexdigest()


def parse(document: object) -> Chart:
    """The chart of a document. Raises DocumentError naming the place."""
    check_json(document)
    node = Node(document, "", CHART_KEYS, "a chart")
    if node.value.get("signalbox") != FORMAT:
        raise DocumentError("signalbox", f"must be {FORMAT}, the version of the format")
    key = node.required("id", 80)
    if not KEY.fullmatch(key):
        raise DocumentError("id", "use letters, digits, “_”, “-” and “.”")
    states: dict[str, State] = {}
    roots = _states(node, None, states, 0)
    return Chart(
        id=key,
        title=node.optional("title", 200) or readable(key),
        initial=node.optional("initial", 80),
        states=states,
        roots=roots,
        context=node.mapping("context"),
        description=node.text("description"),
        meta=node.mapping("meta"),
    )


def _states(holder: Node, parent: str | None, states: dict[str, State], depth: int) -> tuple[str, ...]:
    """Read the states in `holder` into `states` in document order; returns their keys."""
    if depth > MAX_NESTING:
        raise DocumentError(holder.at("states"), f"states are nested deeper than {MAX_NESTING}; flatten them")
    inner = holder.mapping("states")
    for key, value in inner.items():
        path = f"{holder.at('states')}/{key}"
        if not KEY.fullmatch(key):
            raise DocumentError(path, "use letters, digits, “_”, “-” and “.” for the key of a state, 80 at most")
        if key in states:
            raise DocumentError(path, "another state has this key; every key is used once in a chart")
        if len(states) >= MAX_STATES:
            raise DocumentError(path, f"more than {MAX_STATES} states; divide the chart")
        node = Node(value, path, STATE_KEYS, "a state")
        states[key] = _state(key, node, parent, ())
        children = _states(node, key, states, depth + 1)
        if children:
            states[key] = _state(key, node, parent, children)
    return tuple(inner)


def _state(key: str, node: Node, parent: str | None, children: tuple[str, ...]) -> State:
    kind = node.text("type", "compound" if children else "atomic")
    if kind not in get_args(StateType):
        raise DocumentError(node.at("type"), f"must be one of {', '.join(get_args(StateType))}")
    history = node.optional("history")
    if history not in (None, "shallow", "deep"):
        raise DocumentError(node.at("history"), "must be shallow or deep")
    activities = [
        (f"{key}/invoke/{n}", Node(item, path, ACTIVITY_KEYS, "an activity"))
        for n, (path, item) in enumerate(node.items("invoke"))
    ]
    made = tuple(_activity(ref, entry, f"{key}.{n}") for n, (ref, entry) in enumerate(activities))
    ways = [way for name, way_kind in LISTS for way in _ways(node, key, name, way_kind)]
    for activity, (_, entry) in zip(made, activities, strict=True):
        ways.extend(_results(entry, key, activity))
    return State(
        id=key,
        type=kind,  # type: ignore[arg-type]  # checked above
        title=node.optional("title", 200) or readable(key),
        parent=parent,
        children=children,
        initial=node.optional("initial", 80),
        history=("shallow" if kind == "history" and history is None else history),  # type: ignore[arg-type]
        entry=_actions(node, "entry"),
        exit=_actions(node, "exit"),
        transitions=tuple(ways),
        activities=made,
        expected_within=node.optional("expectedWithin", MAX_LENGTH),
        description=node.text("description"),
        meta=node.mapping("meta"),
    )


def _ways(node: Node, source: str, name: str, kind: TransitionKind) -> list[Transition]:
    """The transitions of one list of a state."""
    extra = {"on": {"event"}, "after": {"delay"}}.get(name, set())
    ways = []
    for index, (path, item) in enumerate(node.items(name)):
        way = Node(item, path, WAY_KEYS | extra, "a transition")
        ref = f"{source}/{name}/{index}"
        delay = way.required("delay", MAX_LENGTH) if kind == "after" else None
        events = {
            "on": way.texts("event") if kind == "on" else (),
            "after": (f"after.{ref}",),
            "done": (f"done.state.{source}",),
        }.get(kind, ())
        if kind == "on" and not events:
            raise DocumentError(way.at("event"), "is missing; name the event that takes this transition")
        ways.append(_way(way, ref, source, kind, events, delay))
    return ways


def _way(
    node: Node, ref: str, source: str, kind: TransitionKind, events: tuple[str, ...], delay: str | None = None
) -> Transition:
    return Transition(
        ref=ref,
        source=source,
        kind=kind,
        events=events,
        targets=node.texts("target", 80),
        guard=node.optional("guard", MAX_LENGTH),
        actions=_actions(node, "actions"),
        internal=node.flag("internal"),
        delay=delay,
        meta=node.mapping("meta"),
    )


def _results(node: Node, source: str, activity: Activity) -> list[Transition]:
    """Where the result or the failure of an activity leads."""
    ways = []
    for index, (path, item) in enumerate(node.items("onDone")):
        way = Node(item, path, WAY_KEYS, "a transition")
        ref = f"{activity.ref}/onDone/{index}"
        ways.append(_way(way, ref, source, "activity-done", (f"done.invoke.{activity.id}",)))
    if activity.on_failure == "catch":
        failure = Node(node.mapping("onFailure"), node.at("onFailure"), WAY_KEYS | {"policy"}, "a failure policy")
        ref, events = f"{activity.ref}/onFailure", (f"error.invoke.{activity.id}",)
        ways.append(_way(failure, ref, source, "activity-error", events))
    return ways


def _activity(ref: str, node: Node, default_id: str) -> Activity:
    failure = Node(node.mapping("onFailure"), node.at("onFailure"), WAY_KEYS | {"policy"}, "a failure policy")
    policy = failure.text("policy", "fail")
    if policy not in get_args(FailurePolicy):
        raise DocumentError(failure.at("policy"), f"must be one of {', '.join(get_args(FailurePolicy))}")
    kind = node.required("kind", 20)
    return Activity(
        ref=ref,
        id=node.optional("id", 160) or default_id,
        kind=kind,
        title=node.optional("title", 200) or readable(kind),
        input=node.mapping("input"),
        result=node.optional("result", 80),
        timeout=node.optional("timeout", MAX_LENGTH) or ATTEMPT_TIMEOUT,
        retry=_retry(node, Retry()),
        on_failure=policy,  # type: ignore[arg-type]  # checked above
        compensation=_compensation(node),
        idempotency_key=node.optional("idempotencyKey", MAX_LENGTH),
    )


def _retry(holder: Node, default: Retry) -> Retry:
    if not holder.value.get("retry"):
        return default
    node = Node(holder.value["retry"], holder.at("retry"), RETRY_KEYS, "a retry policy")
    return Retry(
        max_attempts=node.whole("maxAttempts", default.max_attempts, 1, 1_000),
        interval=node.text("interval", default.interval, 60),
        backoff=float(node.number("backoff", default.backoff, 1, 100)),
        max_interval=node.text("maxInterval", default.max_interval, 60),
        jitter=node.flag("jitter", default.jitter),
        errors=node.texts("errors"),
    )


def _compensation(holder: Node) -> Compensation | None:
    if not holder.value.get("compensate"):
        return None
    node = Node(holder.value["compensate"], holder.at("compensate"), UNDO_KEYS, "a compensation")
    kind = node.required("kind", 20)
    return Compensation(
        kind=kind,
        title=node.optional("title", 200) or readable(kind),
        input=node.mapping("input"),
        timeout=node.optional("timeout", MAX_LENGTH) or ATTEMPT_TIMEOUT,
        retry=_retry(node, UNDO_RETRY),
    )


def _actions(node: Node, key: str) -> tuple[Action, ...]:
    return tuple(_action(path, item) for path, item in node.items(key))


def _action(path: str, item: object) -> Action:
    kind = item.get("type") if isinstance(item, Mapping) else None
    if not isinstance(kind, str) or kind not in ACTION_KEYS:
        raise DocumentError(f"{path}/type", f"must be one of {', '.join(ACTION_KEYS)}")
    node = Node(item, path, ACTION_KEYS[kind], f"an action of type {kind}")
    if kind == "compensate":
        return Compensate()
    if kind == "assign":
        return Assign(to=node.required("to"), expr=node.required("expr", MAX_LENGTH))
    if kind == "log":
        return Log(expr=node.required("expr", MAX_LENGTH))
    if kind == "cancel":
        return Cancel(send_id=node.required("id"))
    event, data = node.required("event"), _data(node)
    if kind == "raise":
        return Raise(event=event, data=data)
    delay, name = node.optional("delay", MAX_LENGTH), node.optional("id", 200)
    return Send(event=event, data=data, delay=delay, id=name)


def _data(node: Node) -> dict[str, JSON]:
    found: dict[str, Any] = node.mapping("data")
    return found
