"""Edits of a state's activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.edits.tree import (
    Document,
    EditError,
    Node,
    find_activity,
    find_state,
    fresh,
    put,
    remove_at,
    state_ids,
    targets_of,
    walk,
)


def add_activity(document: Mapping[str, Any], state: str, values: Mapping[str, Any]) -> tuple[Document, str]:
    """Add an activity at the end of a state's; gives the document and the ref of the new one. Raises EditError."""
    result = fresh(document)
    holder = find_state(result, state).state
    activity = _checked(result, {}, values)
    holder.setdefault("invoke", []).append(activity)
    return result, f"{state}/invoke/{len(holder['invoke']) - 1}"


def update_activity(document: Mapping[str, Any], ref: str, values: Mapping[str, Any]) -> Document:
    """Set the fields of an activity; keys that the form does not know are kept. Raises EditError."""
    result = fresh(document)
    slot = find_activity(result, ref)
    slot.items[slot.position] = _checked(result, slot.items[slot.position], values)
    return result


def delete_activity(document: Mapping[str, Any], ref: str) -> Document:
    """Remove an activity and the transitions that wait for its result. Raises EditError."""
    result = fresh(document)
    remove_at(find_activity(result, ref))
    return result


def _checked(document: Document, old: Node, values: Mapping[str, Any]) -> Node:
    merged = dict(old)
    put(merged, values)
    name = merged.get("id")
    if name and name != old.get("id") and name in _activity_ids(document):
        raise EditError(f"There is already an activity with the id “{name}”. Choose another.", "id")
    policy = merged.get("onFailure")
    known = state_ids(document)
    unknown = next((key for key in targets_of(policy) if key not in known), None) if isinstance(policy, dict) else None
    if unknown:
        raise EditError(f"There is no state “{unknown}”.", "failure_target")
    return merged


def _activity_ids(document: Document) -> set[str]:
    return {activity.get("id", "") for _, place in walk(document) for activity in place.state.get("invoke") or []}
