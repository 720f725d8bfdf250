"""Edits of transitions: events, timeouts, automatic ones and those taken when the inside is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.edits.tree import (
    TRANSITION_LISTS,
    Document,
    EditError,
    Node,
    find_activity,
    find_state,
    find_transition,
    fresh,
    put,
    remove_at,
    state_ids,
    targets_of,
)

REQUIRED = {"on": ("event", "Name the event."), "after": ("delay", "Say after how long, for example 48 h.")}


def add_transition(
    document: Mapping[str, Any], owner: str, kind: str, values: Mapping[str, Any]
) -> tuple[Document, str]:
    """Add a transition at the end of `kind` of a state, or (`onDone`) of the activity `<state>/invoke/<i>`.

    Gives the document and the ref of the new transition. Raises EditError.
    """
    result = fresh(document)
    if kind not in TRANSITION_LISTS:
        raise EditError("Choose what kind of transition this is.", "kind")
    if "/" in owner:
        slot = find_activity(result, owner)
        holder, kind = slot.items[slot.position], "onDone"
    else:
        holder = find_state(result, owner).state
    transition = _checked(result, kind, {}, values)
    holder.setdefault(kind, []).append(transition)
    return result, f"{owner}/{kind}/{len(holder[kind]) - 1}"


def update_transition(document: Mapping[str, Any], ref: str, values: Mapping[str, Any]) -> Document:
    """Set the fields of a transition; keys that the form does not know are kept. Raises EditError."""
    result = fresh(document)
    slot = find_transition(result, ref)
    slot.items[slot.position] = _checked(result, slot.key, slot.items[slot.position], values)
    return result


def delete_transition(document: Mapping[str, Any], ref: str) -> Document:
    """Remove a transition. Raises EditError."""
    result = fresh(document)
    remove_at(find_transition(result, ref))
    return result


def _checked(document: Document, kind: str, old: Node, values: Mapping[str, Any]) -> Node:
    """The transition with these values, in the order in which a reader expects the keys."""
    merged = dict(old)
    put(merged, values)
    if kind in REQUIRED and not merged.get(REQUIRED[kind][0]):
        raise EditError(REQUIRED[kind][1], REQUIRED[kind][0])
    unknown = [target for target in targets_of(merged) if target not in state_ids(document)]
    if unknown and targets_of(merged) != targets_of(old):
        raise EditError(f"There is no state “{unknown[0]}”.", "target")
    order = ("event", "delay", "guard", "target", "actions", "internal")
    return {name: merged[name] for name in (*order, *(name for name in merged if name not in order)) if name in merged}
