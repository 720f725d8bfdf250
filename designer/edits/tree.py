"""Finding one's way in a chart document: states by id, transitions and activities by ref."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Document = dict[str, Any]
Node = dict[str, Any]

TRANSITION_LISTS = ("on", "after", "always", "onDone")


class EditError(Exception):
    """The edit cannot be done; `field` names the form field, the message says the mend. Nothing was changed."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Place(NamedTuple):
    """A state, the mapping that holds it, and the id of its parent (None at the top)."""

    state: Node
    siblings: dict[str, Node]
    parent: str | None


class Slot(NamedTuple):
    """An entry of a list of the document: `items[position]`, kept in `holder[key]`."""

    holder: Node
    key: str
    items: list[Node]
    position: int


def fresh(document: Mapping[str, Any]) -> Document:
    """A deep copy, because an edit never changes what it was given."""
    return copy.deepcopy(dict(document))


def walk(document: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """Every state in document order, each followed by those inside it."""
    return _walk(document, None)


def _walk(holder: Mapping[str, Any], parent: str | None) -> Iterator[tuple[str, Place]]:
    states = holder.get("states") or {}
    for key, state in states.items():
        yield key, Place(state, states, parent)
        yield from _walk(state, key)


def state_ids(document: Mapping[str, Any]) -> list[str]:
    return [key for key, _ in walk(document)]


def find_state(document: Mapping[str, Any], key: str) -> Place:
    """Where this state stands. Raises EditError when there is none."""
    for found, place in walk(document):
        if found == key:
            return place
    raise EditError(f"There is no state “{key}” any more.", "state")


def children_of(document: Mapping[str, Any], key: str | None) -> dict[str, Node]:
    """The states right under this one, or the top-level states."""
    holder = document if key is None else find_state(document, key).state
    children: dict[str, Node] = holder.get("states") or {}
    return children


def family(document: Mapping[str, Any], key: str) -> set[str]:
    """A state and all states within it."""
    return {key, *state_ids(find_state(document, key).state)}


def transition_slots(document: Mapping[str, Any]) -> Iterator[tuple[str, Slot]]:
    """Every transition of the document with its ref, without the targets of failure policies."""
    for key, place in walk(document):
        for name in TRANSITION_LISTS:
            items = place.state.get(name) or []
            for index in range(len(items)):
                yield f"{key}/{name}/{index}", Slot(place.state, name, items, index)
        for number, activity in enumerate(place.state.get("invoke") or []):
            items = activity.get("onDone") or []
            for index in range(len(items)):
                yield f"{key}/invoke/{number}/onDone/{index}", Slot(activity, "onDone", items, index)


def find_transition(document: Mapping[str, Any], ref: str) -> Slot:
    """The transition at this ref. Raises EditError when there is none."""
    for found, slot in transition_slots(document):
        if found == ref:
            return slot
    raise EditError("This transition is no longer there.", "ref")


def find_activity(document: Mapping[str, Any], ref: str) -> Slot:
    """The activity at `<state>/invoke/<i>`. Raises EditError when there is none."""
    key, _, rest = ref.partition("/")
    state = find_state(document, key).state
    items = state.get("invoke") or []
    name, _, number = rest.partition("/")
    if name != "invoke" or not number.isdecimal() or int(number) >= len(items):
        raise EditError("This activity is no longer there.", "ref")
    return Slot(state, "invoke", items, int(number))


def failures(document: Mapping[str, Any]) -> Iterator[Node]:
    """Every failure policy that leads to a state."""
    for _, place in walk(document):
        for activity in place.state.get("invoke") or []:
            policy = activity.get("onFailure")
            if isinstance(policy, dict) and policy.get("target"):
                yield policy


def targets_of(node: Mapping[str, Any]) -> list[str]:
    """The targets of a transition or a failure policy as a list."""
    target = node.get("target")
    return [] if not target else [target] if isinstance(target, str) else list(target)


def set_targets(node: Node, targets: list[str]) -> None:
    if targets:
        node["target"] = targets[0] if len(targets) == 1 else targets
    else:
        node.pop("target", None)


def initial_of(holder: Mapping[str, Any]) -> str:
    """The key of the state in which a chart or a state begins, also of one that is written with its actions."""
    initial = holder.get("initial")
    return next(iter(targets_of(initial)), "") if isinstance(initial, Mapping) else initial or ""


def point_initial(holder: Node, old: str, new: str) -> None:
    """Let what begins in one state begin in another; actions on the way stay."""
    initial = holder.get("initial")
    if isinstance(initial, dict):
        set_targets(initial, [new if target == old else target for target in targets_of(initial)])
    elif initial == old:
        holder["initial"] = new


def put(node: Node, values: Mapping[str, Any]) -> None:
    """Set what has a value and remove what is empty, so that a document holds no empty keys."""
    for name, value in values.items():
        if value is None or value == "" or value == [] or value == {} or value is False:
            node.pop(name, None)
        else:
            node[name] = value


def remove_at(slot: Slot) -> None:
    """Take an entry out of its list, and the list out of its holder when it was the last."""
    del slot.items[slot.position]
    if not slot.items:
        slot.holder.pop(slot.key, None)
