"""The outline: the states as a tree with the number of problems at each, and the ways out of a state in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from designer.edits.tree import TRANSITION_LISTS, targets_of
from designer.forms.base import to_words
from designer.selection import title_of
from orchestrator.statechart.validate import Problem

ICONS = {
    "final": "circle-dot",
    "parallel": "columns-2",
    "compound": "panel-top",
    "history": "rotate-ccw",
    "atomic": "square",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the outline."""

    key: str
    title: str
    icon: str
    errors: int
    warnings: int
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a state in words."""

    ref: str
    kind: str
    words: str
    guard: str
    target: str


def type_of(state: Mapping[str, Any]) -> str:
    return str(state.get("type") or ("compound" if state.get("states") else "atomic"))


def outline(holder: Mapping[str, Any], problems: Sequence[Problem], parallel: bool = False) -> tuple[Node, ...]:
    """The tree of the states in `holder`; regions of a parallel state have an icon of their own."""
    errors = Counter(problem.state for problem in problems if problem.severity == "error")
    warnings = Counter(problem.state for problem in problems if problem.severity == "warning")
    nodes = []
    for key, state in (holder.get("states") or {}).items():
        kind = type_of(state)
        children = outline(state, problems, kind == "parallel")
        shown = "layers" if parallel and children else ICONS.get(kind, "square")
        nodes.append(Node(key, title_of(key, state), shown, errors[key], warnings[key], children))
    return tuple(nodes)


def ways_out(key: str, state: Mapping[str, Any], names: Mapping[str, str]) -> list[Way]:
    """Each transition of a state, in document order."""
    ways = []
    for name in TRANSITION_LISTS:
        for index, transition in enumerate(state.get(name) or []):
            targets = " and ".join(names.get(target, target) for target in targets_of(transition))
            ways.append(
                Way(f"{key}/{name}/{index}", name, words(name, transition), str(transition.get("guard") or ""), targets)
            )
    for number, activity in enumerate(state.get("invoke") or []):
        ways.extend(_results(f"{key}/invoke/{number}", activity, names))
    return ways


def _results(ref: str, activity: Mapping[str, Any], names: Mapping[str, str]) -> list[Way]:
    """Where an activity leads when it is done or has failed."""
    title = str(activity.get("title") or activity.get("kind"))
    found = [
        (f"{ref}/onDone/{index}", "onDone", "done", node) for index, node in enumerate(activity.get("onDone") or [])
    ]
    failure = activity.get("onFailure")
    if isinstance(failure, dict) and failure.get("target"):
        found.append((f"{ref}/onFailure", "onFailure", "failed", failure))
    ways = []
    for place, kind, outcome, node in found:
        targets = " and ".join(names.get(target, target) for target in targets_of(node))
        ways.append(Way(place, kind, f"{title} {outcome}", str(node.get("guard") or ""), targets))
    return ways


def words(kind: str, transition: Mapping[str, Any]) -> str:
    """What takes the transition: its event, its delay, or how it comes by itself."""
    if kind == "on":
        event = transition.get("event")
        return event if isinstance(event, str) else " or ".join(event or [])
    if kind == "after":
        return f"after {to_words(str(transition.get('delay', '')))}"
    return "automatically" if kind == "always" else "when done"
