"""What XState calls actions and guards, as ours: code that lives elsewhere is named in a note and never dropped.

Ours travel as `{"type": "signalbox.assign", "params": {...}}` and `{"type": "cel", "params": {"expr": "..."}}`, which
an application of XState can implement once for all machines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from orchestrator.formats.fidelity import Note
from orchestrator.formats.xstate.addresses import Place, Tree, steps_of
from orchestrator.formats.xstate.terms import CEL, MILLISECONDS, OURS, Document, duration
from orchestrator.statechart.document_actions import ACTIONS, NAME
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.expressions import check as compile_error
from orchestrator.statechart.reading import DocumentError, Node, kind_of

EMITTED = "events"  # the topic of what XState emits, which names none


def literal(value: object) -> str:
    """A JSON value as a CEL expression."""
    return json.dumps(value, ensure_ascii=False)


def from_context(name: str) -> str:
    """An expression that reads a key of the context."""
    plain = f"context.{name}"
    return plain if NAME.fullmatch(name) and compile_error(plain) is None else f"context[{literal(name)}]"


class Content:
    """Reads actions, guards and delays of one machine; `context` is what must be in the context for them to work."""

    def __init__(self, tree: Tree, delays: Mapping[str, object]) -> None:
        self.tree = tree
        self.notes: list[Note] = []
        self.there: set[int] = set()  # notes whose path is one of the machine, not of the chart
        self.context: Document = {}
        self._delays = delays

    def changed(self, path: str, what: str, message: str) -> None:
        self.notes.append(Note("changed", path, what, message))

    def changed_there(self, path: str, what: str, message: str) -> None:
        """Of a place in the machine."""
        self.there.add(len(self.notes))
        self.changed(path, what, message)

    def lost(self, path: str, what: str, message: str) -> None:
        self.notes.append(Note("lost", path, what, message))

    def tell_unknown(self, node: Node, path: str, known: frozenset[str], what: str) -> None:
        for key in node.value:
            if key not in known:
                self.lost(path, f"“{key[:80]}” of a {what}", "is not known here; it was left out")

    def actions(self, holder: Node, key: str) -> list[Document]:
        """The actions at a key: one, or a list of them."""
        given = holder.value.get(key)
        if given is None:
            return []
        if isinstance(given, list):
            return [action for path, item in holder.items(key) for action in self._action(path, item)]
        return self._action(holder.at(key), given)

    def _action(self, path: str, given: object) -> list[Document]:
        kind, params, fields = _typed(path, given, "an action")
        ours = kind.removeprefix(OURS)
        if kind.startswith(OURS) and ours in ACTIONS:
            return [{"type": ours, **params}]
        reader = BUILT_IN.get(kind)
        found = reader(self, path, fields) if reader else []
        if found:
            return found
        message = "is code of the application; it is written into the log instead, put an action or activity there"
        self.changed_there(path, f"action “{kind[:80]}”", message)
        said = literal(params)
        expr = said if params and len(said) <= MAX_LENGTH else literal(kind[:200])
        return [{"type": "log", "label": f"action {kind}"[:200], "expr": expr}]

    def guard(self, path: str, given: object) -> str:
        """A guard as a CEL expression."""
        kind, params, fields = _typed(path, given, "a guard")
        if kind == CEL and isinstance(params.get("expr"), str):
            return str(params["expr"])
        name = kind.removeprefix("xstate.").removeprefix("guard:")
        parts = _parts(path, fields, name)
        if name == "not" and len(parts) == 1:
            return f"!({self.guard(*parts[0])})"
        if name in ("and", "or") and parts:
            return {"and": " && ", "or": " || "}[name].join(f"({self.guard(*part)})" for part in parts)
        if name == "stateIn":
            return self._state_in(path, fields.get("stateValue", fields.get("state")))
        return self._named_guard(path, kind, bool(params))

    def _named_guard(self, path: str, name: str, with_params: bool) -> str:
        self.context.setdefault(name, False)
        more = "; its params are not used" if with_params else ""
        message = f"is code of the application; the chart reads “{name[:80]}” of the context, false at first{more}"
        self.changed_there(path, f"guard “{name[:80]}”", message)
        return f"{from_context(name)} == true"

    def _state_in(self, path: str, value: object) -> str:
        """Whether a state is active, which XState names by id or by value."""
        root = self.tree.root
        found = self.tree.find(root, value) if isinstance(value, str) else None
        places = [found] if found else list(_inner(root, value))
        if not places or any(place is None for place in places):
            raise DocumentError(path, "names no state of the machine; give an id such as “#review” or a state value")
        return " && ".join(f"In('{place.name}')" for place in places if place is not None)

    def delay(self, path: str, given: object) -> str:
        """A delay as a duration: milliseconds, or the name of a delay."""
        text = str(given) if not isinstance(given, bool) else ""
        if isinstance(given, str) and given in self._delays:
            text = str(self._delays[given])
        if MILLISECONDS.fullmatch(text):
            return duration(text)
        if not isinstance(given, str) or not given:
            raise DocumentError(path, f"must be milliseconds or the name of a delay, this is {kind_of(given)}")
        message = f"is code of the application; set “{given[:80]}” of the context to a duration such as PT30S"
        self.changed_there(path, f"delay “{given[:80]}”", message)
        return f"${{{from_context(given)}}}"


def _typed(path: str, given: object, what: str) -> tuple[str, Document, Document]:
    """The type, the params, and both levels of fields together, of `"name"` or `{type, params}`."""
    if isinstance(given, str) and given:
        return given, {}, {}
    node = Node(given, path, None, what)
    params = node.value.get("params")
    inner = dict(params) if isinstance(params, Mapping) else {}
    return node.required("type", MAX_LENGTH), inner, {**node.value, **inner}


def _parts(path: str, fields: Document, name: str) -> list[tuple[str, object]]:
    """The guards within a combined one, each with its path."""
    if name not in ("and", "or", "not"):
        return []
    for key in ("guards", "children", "guard"):
        if isinstance(fields.get(key), list):
            return [(f"{path}/{key}/{index}", item) for index, item in enumerate(fields[key])]
        if key in fields:
            return [(f"{path}/{key}", fields[key])]
    return []


def _inner(place: Place, value: object) -> Iterable[Place | None]:
    """The innermost states of a state value such as `{"a": "b"}`."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            child = place.children.get(str(key))
            yield from _inner(child, inside) if child and inside else (child,)
    elif isinstance(value, str):
        for key in steps_of(value):
            place = place.children.get(key, place)
        yield place if place.parent else None


def _event(fields: Document) -> Document | None:
    """The name and the data of an event, when they are values and no code."""
    given = fields.get("event")
    if isinstance(given, str) and given:
        return {"event": given}
    if isinstance(given, Mapping) and isinstance(given.get("type"), str) and given["type"]:
        data = {key: value for key, value in given.items() if key != "type"}
        return {"event": given["type"], **({"data": data} if data else {})}
    return None


def _raise(content: Content, path: str, fields: Document) -> list[Document]:
    if fields.get("delay") is not None:
        return _sent(content, path, fields, None)
    event = _event(fields)
    return [{"type": "raise", **event}] if event else []


def _send_to(content: Content, path: str, fields: Document) -> list[Document]:
    to = fields.get("targetId", fields.get("target", fields.get("to")))
    actor = to if isinstance(to, str) and to else None
    return _sent(content, path, fields, "#_parent" if actor in ("parent", "#_parent") else actor and f"#_{actor}")


def _send_parent(content: Content, path: str, fields: Document) -> list[Document]:
    return _sent(content, path, fields, "#_parent")


def _sent(content: Content, path: str, fields: Document, target: str | None) -> list[Document]:
    event = _event(fields)
    if event is None:
        return []
    delay, name = fields.get("delay"), fields.get("id")
    more = {
        "delay": None if delay is None else content.delay(f"{path}/delay", delay),
        "id": name if isinstance(name, str) else None,
        "target": target,
    }
    return [{"type": "send", **event, **{key: value for key, value in more.items() if value}}]


def _cancel(content: Content, path: str, fields: Document) -> list[Document]:
    name = fields.get("sendId", fields.get("id"))
    return [{"type": "cancel", "id": name}] if isinstance(name, str) and name else []


def _log(content: Content, path: str, fields: Document) -> list[Document]:
    value = fields.get("value", fields.get("expr"))
    label = fields.get("label")
    more = {"label": label[:200]} if isinstance(label, str) else {}
    said = literal(value)
    return [{"type": "log", "expr": said, **more}] if value is not None and len(said) <= MAX_LENGTH else []


def _emit(content: Content, path: str, fields: Document) -> list[Document]:
    """Who listens to an actor of XState subscribes to a topic here."""
    event = _event(fields)
    if event is None:
        return []
    content.changed_there(path, "emit", f"goes to the topic “{EMITTED}”; those who listened subscribe to it")
    return [{"type": "emit", "topic": EMITTED, **event}]


def _assign(content: Content, path: str, fields: Document) -> list[Document]:
    """Values that stand in the text; those which are worked out are code."""
    given = fields.get("assignment")
    if not isinstance(given, Mapping) or not given or not all(given):
        return []
    return [{"type": "assign", "to": key, "expr": literal(value)} for key, value in given.items()]


BUILT_IN: Mapping[str, Callable[[Content, str, Document], list[Document]]] = {
    "xstate.raise": _raise,
    "xstate.send": _send_to,
    "xstate.sendTo": _send_to,
    "xstate.sendParent": _send_parent,
    "xstate.cancel": _cancel,
    "xstate.log": _log,
    "xstate.emit": _emit,
    "xstate.assign": _assign,
}
