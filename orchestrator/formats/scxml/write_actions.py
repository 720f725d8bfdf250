"""Actions as SCXML's executable content; what reading it back does not give is kept beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from orchestrator.formats.scxml.content import action, blocks
from orchestrator.formats.scxml.reading import OURS, Document, Reading
from orchestrator.formats.scxml.tree import Element, element
from orchestrator.formats.scxml.write_values import delay_attributes, given, payload_elements


def handler(tag: str, actions: list[Document]) -> list[Element]:
    """One handler, or one for each block when there are several (SCXML 3.8)."""
    if not actions:
        return []
    if len(actions) > 1 and all(each["type"] == "block" for each in actions):
        made = [element(tag, {}, way_actions(each.get("actions", []))) for each in actions]
        if blocks(Reading(cel=True), made) == actions:
            return made
    return [element(tag, {}, way_actions(actions))]


def way_actions(actions: Iterable[Document]) -> list[Element]:
    return [_action(each) for each in actions]


def _action(document: Document) -> Element:
    made = WRITERS[document["type"]](document)
    if action(Reading(cel=True), made) != [document]:
        made.attributes[f"{OURS} action"] = json.dumps(document)
    return made


def _assign(document: Document) -> Element:
    return element("assign", {"location": document["to"], "expr": document["expr"]})


def _raise(document: Document) -> Element:
    """SCXML's own `raise` carries no data; sending to the internal queue does."""
    if "data" not in document:
        return element("raise", {"event": document["event"]})
    target = {"target": "#_internal", **given("event", "eventexpr", document["event"])}
    return element("send", target, payload_elements(document["data"]))


def _send(document: Document) -> Element:
    attributes = {
        **given("event", "eventexpr", document["event"]),
        **given("target", "targetexpr", document.get("target")),
        **given("id", "", document.get("id")),
        **delay_attributes(document.get("delay")),
    }
    if document.get("idTo"):
        attributes["idlocation"] = document["idTo"]
    data = payload_elements(document["data"]) if "data" in document else []
    return element("send", {name: value for name, value in attributes.items() if name}, data)


def _emit(document: Document) -> Element:
    """SCXML knows no topics; other tools write down what would have been told."""
    return element("log", {"label": "emit", "expr": json.dumps(document["event"], ensure_ascii=False)})


def _cancel(document: Document) -> Element:
    return element("cancel", given("sendid", "sendidexpr", document["id"]))


def _log(document: Document) -> Element:
    label = {"label": document["label"]} if document.get("label") else {}
    return element("log", {**label, "expr": document["expr"]})


def _choose(document: Document) -> Element:
    """The first branch is the `if`; one without a guard alone holds always."""
    first, *others = document["branches"]
    made = element("if", {"cond": first.get("guard", "true")}, way_actions(first.get("actions", [])))
    for branch in others:
        is_last = "guard" not in branch
        made.children.append(element("else" if is_last else "elseif", {} if is_last else {"cond": branch["guard"]}))
        made.children += way_actions(branch.get("actions", []))
    return made


def _for_each(document: Document) -> Element:
    attributes = {"array": document["items"], "item": document["item"]}
    if document.get("index"):
        attributes["index"] = document["index"]
    return element("foreach", attributes, way_actions(document.get("actions", [])))


def _compensate(document: Document) -> Element:
    """SCXML has no compensation, and not every tool reads over an element that it does not know."""
    return element("log", {"label": "compensate", "expr": "true"})


def _block(document: Document) -> Element:
    """Other tools run its actions, but end what follows when one of them fails."""
    return element("if", {"cond": "true"}, way_actions(document.get("actions", [])))


WRITERS: Mapping[str, Callable[[Document], Element]] = {
    "assign": _assign,
    "raise": _raise,
    "send": _send,
    "emit": _emit,
    "cancel": _cancel,
    "log": _log,
    "choose": _choose,
    "forEach": _for_each,
    "compensate": _compensate,
    "block": _block,
}
