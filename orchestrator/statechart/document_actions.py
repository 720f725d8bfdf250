"""Actions in the document: each type with the keys it may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from orchestrator.statechart.definition import (
    JSON,
    Action,
    Assign,
    Block,
    Branch,
    Cancel,
    Choose,
    Compensate,
    Emit,
    ForEach,
    Log,
    Raise,
    Send,
)
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import DocumentError, Node
from orchestrator.statechart.topics import TOPIC, TOPIC_RULE

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
MAX_BLOCKS = 10  # choose and forEach within one another
BRANCH_KEYS = frozenset({"guard", "actions"})


def actions_of(node: Node, key: str, depth: int = 0) -> tuple[Action, ...]:
    """The block of actions at a key. Raises DocumentError."""
    if depth > MAX_BLOCKS:
        raise DocumentError(node.at(key), f"actions are nested deeper than {MAX_BLOCKS}; flatten them")
    return tuple(_action(path, item, depth) for path, item in node.items(key))


def _action(path: str, item: object, depth: int) -> Action:
    kind = item.get("type") if isinstance(item, Mapping) else None
    if not isinstance(kind, str) or kind not in ACTIONS:
        raise DocumentError(f"{path}/type", f"must be one of {', '.join(ACTIONS)}")
    keys, read = ACTIONS[kind]
    return read(Node(item, path, keys | {"type"}, f"an action of type {kind}"), depth)


def context_name(node: Node, key: str) -> str | None:
    """A name that an expression can read as `context.<name>`."""
    name = node.optional(key, 80)
    if name is not None and not NAME.fullmatch(name):
        raise DocumentError(node.at(key), "must be a name of letters, digits and “_” that begins with no digit")
    return name


def _assign(node: Node, depth: int) -> Action:
    return Assign(to=node.required("to"), expr=node.required("expr", MAX_LENGTH))


def _raise(node: Node, depth: int) -> Action:
    return Raise(event=node.required("event", MAX_LENGTH), data=data_of(node))


def _send(node: Node, depth: int) -> Action:
    return Send(
        event=node.required("event", MAX_LENGTH),
        data=data_of(node),
        delay=node.optional("delay", MAX_LENGTH),
        id=node.optional("id", MAX_LENGTH),
        target=node.optional("target", MAX_LENGTH),
        id_to=context_name(node, "idTo"),
    )


def _emit(node: Node, depth: int) -> Action:
    topic = node.required("topic", MAX_LENGTH)
    if "${" not in topic and not TOPIC.fullmatch(topic):
        raise DocumentError(node.at("topic"), TOPIC_RULE)
    event = node.required("event", MAX_LENGTH)
    return Emit(event=event, topic=topic, data=data_of(node), key=node.optional("key", MAX_LENGTH))


def _cancel(node: Node, depth: int) -> Action:
    return Cancel(send_id=node.required("id", MAX_LENGTH))


def _log(node: Node, depth: int) -> Action:
    return Log(expr=node.required("expr", MAX_LENGTH), label=node.text("label", longest=200))


def _compensate(node: Node, depth: int) -> Action:
    return Compensate()


def _choose(node: Node, depth: int) -> Action:
    branches = []
    for path, item in node.items("branches"):
        branch = Node(item, path, BRANCH_KEYS, "a branch")
        branches.append(Branch(branch.optional("guard", MAX_LENGTH), actions_of(branch, "actions", depth + 1)))
    if not branches:
        raise DocumentError(node.at("branches"), "is missing; give at least one branch with a guard and actions")
    if any(branch.guard is None for branch in branches[:-1]):
        raise DocumentError(
            node.at("branches"), "only the last branch may be without a guard; those after it never run"
        )
    return Choose(tuple(branches))


def _for_each(node: Node, depth: int) -> Action:
    return ForEach(
        items=node.required("items", MAX_LENGTH),
        item=node.optional("item", 80) or "item",
        index=node.optional("index", 80),
        actions=actions_of(node, "actions", depth + 1),
    )


def _block(node: Node, depth: int) -> Action:
    return Block(actions_of(node, "actions", depth + 1))


def data_of(node: Node) -> JSON:
    """What an event carries: an object, or any other JSON value."""
    value: JSON = node.value.get("data")
    return {} if value is None else value


ACTIONS: Mapping[str, tuple[frozenset[str], Callable[[Node, int], Action]]] = {
    "assign": (frozenset({"to", "expr"}), _assign),
    "raise": (frozenset({"event", "data"}), _raise),
    "send": (frozenset({"event", "data", "delay", "id", "target", "idTo"}), _send),
    "emit": (frozenset({"event", "topic", "data", "key"}), _emit),
    "cancel": (frozenset({"id"}), _cancel),
    "log": (frozenset({"expr", "label"}), _log),
    "compensate": (frozenset(), _compensate),
    "choose": (frozenset({"branches"}), _choose),
    "forEach": (frozenset({"items", "item", "index", "actions"}), _for_each),
    "block": (frozenset({"actions"}), _block),
}
