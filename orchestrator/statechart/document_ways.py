"""Transitions in the document: the lists of a state, what leads on from its activities, and where it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.statechart.definition import Activity, Initial, Transition, TransitionKind
from orchestrator.statechart.document_actions import actions_of
from orchestrator.statechart.document_activities import policy_of
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import DocumentError, Node

LISTS: tuple[tuple[str, TransitionKind], ...] = (
    ("on", "on"),
    ("after", "after"),
    ("always", "always"),
    ("onDone", "done"),
)
WAY_KEYS = frozenset({"target", "guard", "actions", "internal", "meta"})
INITIAL_KEYS = frozenset({"target", "actions"})


def initial_of(node: Node) -> Initial | None:
    """Where a chart or state begins: the key of a state, or an object with target(s) and actions."""
    value = node.value.get("initial")
    if not isinstance(value, Mapping):
        key = node.optional("initial", 80)
        return None if key is None else Initial((key,))
    inner = Node(value, node.at("initial"), INITIAL_KEYS, "an initial transition")
    targets = inner.texts("target", 80)
    if not targets:
        raise DocumentError(inner.at("target"), "is missing; name the state that is entered first")
    return Initial(targets, actions_of(inner, "actions"))


def ways_of(node: Node, source: str) -> list[Transition]:
    """All ways out of a state but those of its activities, in document order."""
    return [way for name, kind in LISTS for way in _listed(node, source, name, kind)]


def _listed(node: Node, source: str, name: str, kind: TransitionKind) -> Iterator[Transition]:
    """The transitions of one list of a state."""
    extra = {"on": {"event"}, "after": {"delay"}}.get(name, set())
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
        yield way_of(way, ref, source, kind, events, delay)


def way_of(
    node: Node, ref: str, source: str, kind: TransitionKind, events: tuple[str, ...], delay: str | None = None
) -> Transition:
    """One transition."""
    return Transition(
        ref=ref,
        source=source,
        kind=kind,
        events=events,
        targets=node.texts("target", 80),
        guard=node.optional("guard", MAX_LENGTH),
        actions=actions_of(node, "actions"),
        internal=node.flag("internal"),
        delay=delay,
        meta=node.mapping("meta"),
    )


def results_of(node: Node, source: str, activity: Activity) -> Iterator[Transition]:
    """Where the result or the failure of an activity leads."""
    for index, (path, item) in enumerate(node.items("onDone")):
        way = Node(item, path, WAY_KEYS, "a transition")
        ref = f"{activity.ref}/onDone/{index}"
        yield way_of(way, ref, source, "activity-done", (f"done.invoke.{activity.id}",))
    yield from failure_of(node, source, activity)


def failure_of(node: Node, source: str, activity: Activity) -> Iterator[Transition]:
    """Where a failure leads that is caught."""
    if activity.on_failure == "catch":
        ref, events = f"{activity.ref}/onFailure", (f"error.invoke.{activity.id}",)
        yield way_of(policy_of(node), ref, source, "activity-error", events)
