"""What is selected on the design page, as a ref: the chart, a state, a transition or an activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from designer import edits
from designer.edits.tree import walk
from orchestrator.statechart.document import readable

Kind = Literal["chart", "state", "transition", "activity"]
MOST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Selection:
    """`ref` is empty for the chart; `list` is the list a transition stands in (on, after, always, onDone)."""

    ref: str = ""
    kind: Kind = "chart"
    state: str = ""
    list: str = ""


CHART = Selection()


def select(document: Mapping[str, Any], ref: str) -> Selection:
    """What this ref names; the chart when it names nothing that is there."""
    state, _, rest = ref.partition("/")
    try:
        if not rest:
            edits.find_state(document, state)
            return Selection(ref, "state", state)
        if rest.endswith("/onFailure"):
            ref = ref.removesuffix("/onFailure")
        if rest.startswith("invoke/") and "/onDone/" not in rest:
            edits.find_activity(document, ref)
            return Selection(ref, "activity", state)
        slot = edits.find_transition(document, ref)
        return Selection(ref, "transition", state, slot.key)
    except edits.EditError:
        return CHART


def title_of(key: str, state: Mapping[str, Any]) -> str:
    """A state's title, or its key made readable."""
    return str(state.get("title") or readable(key))


def titles(document: Mapping[str, Any]) -> dict[str, str]:
    return {key: title_of(key, place.state) for key, place in walk(document)}


def choices(document: Mapping[str, Any], leave_out: set[str] | None = None) -> list[tuple[str, str]]:
    """All states as choices of a select, indented by depth."""
    depth: dict[str | None, int] = {None: 0}
    result = []
    for key, place in walk(document):
        depth[key] = depth[place.parent] + 1
        if key not in (leave_out or set()):
            title = title_of(key, place.state)[:MOST_TITLE]
            result.append((key, "\u2003" * (depth[key] - 1) + title))
    return result
