"""Edits of states: add, rename, change, move, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from designer.edits.tree import (
    Document,
    EditError,
    Node,
    failures,
    family,
    find_state,
    fresh,
    initial_of,
    point_initial,
    put,
    set_targets,
    state_ids,
    targets_of,
    transition_slots,
    walk,
)

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")
LEAVES = ("final", "history")


def check_key(document: Mapping[str, Any], key: str) -> None:
    """Raises EditError when the key is malformed or taken."""
    if not KEY.fullmatch(key):
        raise EditError("Start the key with a letter and use letters, digits, “_”, “-” or “.” (80 at most).", "key")
    if key in state_ids(document):
        raise EditError(f"There is already a state with the key “{key}”. Choose another.", "key")


def add_state(
    document: Mapping[str, Any], key: str, title: str = "", kind: str = "", parent: str | None = None
) -> Document:
    """Add a state at the end of its parent; the first state of a parent becomes its initial one. Raises EditError."""
    result = fresh(document)
    check_key(result, key)
    state: Node = {}
    put(state, {"title": title, "type": kind if kind != "atomic" else ""})
    _adopt(result, key, state, parent)
    return result


def rename_state(document: Mapping[str, Any], old: str, new: str) -> Document:
    """Give a state another key in its old place and lead every reference to the new one. Raises EditError."""
    result = fresh(document)
    if old == new:
        return result
    place = find_state(result, old)
    check_key(result, new)
    renamed = {new if key == old else key: state for key, state in place.siblings.items()}
    place.siblings.clear()
    place.siblings.update(renamed)
    _replace_references(result, old, new)
    return result


def update_state(document: Mapping[str, Any], key: str, values: Mapping[str, Any]) -> Document:
    """Set the fields of a state. Raises EditError for a type or an initial state that its children do not allow."""
    result = fresh(document)
    state = find_state(result, key).state
    changes = dict(values)
    if "type" in changes:
        changes["type"] = _type_for(state, changes["type"])
    initial = changes.get("initial")
    if initial and initial == initial_of(state):
        del changes["initial"]
    elif initial and initial not in (state.get("states") or {}):
        raise EditError(f"“{initial}” is not one of the states inside.", "starts_in")
    put(state, changes)
    if state.get("type") == "history":
        state.setdefault("history", "shallow")
    else:
        state.pop("history", None)
    return result


def move_state(document: Mapping[str, Any], key: str, parent: str | None) -> Document:
    """Put a state, with all inside it, at the end of another parent. Raises EditError when that is inside itself."""
    result = fresh(document)
    place = find_state(result, key)
    if place.parent == parent:
        return result
    if parent in family(result, key):
        raise EditError("A state cannot be inside itself. Choose another parent.", "parent")
    state = place.siblings.pop(key)
    _heal_parent(result, place.parent)
    _adopt(result, key, state, parent)
    return result


def delete_state(document: Mapping[str, Any], key: str) -> Document:
    """Remove a state, all inside it, and every transition that led to one of them. Raises EditError."""
    result = fresh(document)
    place = find_state(result, key)
    gone = family(result, key)
    del place.siblings[key]
    _heal_parent(result, place.parent)
    _drop_transitions(result, gone)
    for policy in list(failures(result)):
        if gone & set(targets_of(policy)):
            policy.pop("target")
            policy["policy"] = "fail"
    return result


def doomed_transitions(document: Mapping[str, Any], key: str) -> list[str]:
    """The refs of the transitions that go with this state: its own, those inside, and those that lead there."""
    gone = family(document, key)
    return [
        ref
        for ref, slot in transition_slots(document)
        if ref.split("/", 1)[0] in gone or (set(targets_of(slot.items[slot.position])) & gone)
    ]


def _adopt(document: Document, key: str, state: Node, parent: str | None) -> None:
    """Put a state under a parent; the parent becomes compound and gets an initial state when it had none."""
    holder = document if parent is None else find_state(document, parent).state
    if parent is not None and holder.get("type") in LEAVES:
        raise EditError("A final or history state holds no states. Choose another parent.", "parent")
    if holder.get("type") == "atomic":
        del holder["type"]
    holder.setdefault("states", {})[key] = state
    if holder.get("type") != "parallel" and not holder.get("initial") and state.get("type") != "history":
        holder["initial"] = key


def _heal_parent(document: Document, parent: str | None) -> None:
    """After a child left: point `initial` to the first that remains, or make the empty parent a plain state."""
    holder = document if parent is None else find_state(document, parent).state
    states = holder.get("states") or {}
    if parent is not None and not states:
        for name in ("states", "initial", "type", "onDone"):
            holder.pop(name, None)
    elif initial_of(holder) not in states and holder.pop("initial", None) and states:
        holder["initial"] = next(iter(states))


def _type_for(state: Node, kind: str) -> str:
    """The `type` to write: nothing for the ones that follow from the children."""
    if state.get("states"):
        if kind not in ("compound", "parallel"):
            raise EditError("This state holds other states. Move or delete them first.", "type")
        return kind if kind == "parallel" else ""
    return "" if kind == "atomic" else kind


def _drop_transitions(document: Document, gone: set[str]) -> None:
    """Take the targets that are gone out of each transition, and the transition when none is left."""
    for _, slot in reversed(list(transition_slots(document))):
        transition = slot.items[slot.position]
        targets = targets_of(transition)
        left = [target for target in targets if target not in gone]
        if left == targets:
            continue
        set_targets(transition, left)
        if not left:
            del slot.items[slot.position]
        if not slot.items:
            slot.holder.pop(slot.key, None)


def _replace_references(document: Document, old: str, new: str) -> None:
    for holder in [document, *(place.state for _, place in walk(document))]:
        point_initial(holder, old, new)
    for node in [*(slot.items[slot.position] for _, slot in transition_slots(document)), *failures(document)]:
        set_targets(node, [new if target == old else target for target in targets_of(node)])
        _rename_done_event(node, f"done.state.{old}", f"done.state.{new}")


def _rename_done_event(node: Node, old: str, new: str) -> None:
    event = node.get("event")
    if event == old:
        node["event"] = new
    elif isinstance(event, list):
        node["event"] = [new if name == old else name for name in event]
