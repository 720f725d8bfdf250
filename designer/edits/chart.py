"""Edits of the chart itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.edits.tree import Document, EditError, fresh, initial_of, put


def update_chart(document: Mapping[str, Any], values: Mapping[str, Any]) -> Document:
    """Set title, description, initial and context. Raises EditError when the initial state is not a top-level state."""
    result = fresh(document)
    changes = dict(values)
    initial = changes.get("initial")
    if initial and initial == initial_of(result):
        del changes["initial"]
    elif initial and initial not in (result.get("states") or {}):
        raise EditError(f"“{initial}” is not one of the states at the top.", "starts_in")
    put(result, changes)
    return result
