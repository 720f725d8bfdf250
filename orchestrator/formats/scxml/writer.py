"""A chart as SCXML: all that the standard can say is said in it, the rest stands in attributes of our own.

Each element is read back as it is made; what reading would not give is what the attributes keep, so nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.formats.fidelity import Exported, Note
from orchestrator.formats.scxml.reader import STATES, read_chart, read_invoke, read_state, read_way
from orchestrator.formats.scxml.reading import OURS, SCXML, Document
from orchestrator.formats.scxml.tree import Element, document_text, element
from orchestrator.formats.scxml.write_actions import handler, way_actions
from orchestrator.formats.scxml.write_values import data_element, delay_attributes, given, payload_elements
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import dump

TAGS = {"parallel": "parallel", "final": "final", "history": "history"}
KEPT = "SCXML has no words for this; it is kept in an attribute that Signalbox alone reads"
EXPRESSIONS = 'expressions are CEL, which the attribute datamodel="cel" says; other tools may not know it'


def write(chart: Chart) -> Exported:
    """The chart as SCXML, indented for people."""
    writing = _Writing()
    root = writing.chart(chart, "")
    notes = (Note("changed", "", "expressions", EXPRESSIONS), *writing.notes, *_own_actions(root, ""))
    return Exported(document_text(root, {SCXML: "", OURS: "sb"}), notes)


@dataclass(slots=True)
class _Writing:
    notes: list[Note] = field(default_factory=list)

    def chart(self, chart: Chart, path: str) -> Element:
        """A whole document; states that are made from tasks are written out for other tools."""
        document, plain = dump(chart), dump(_without_tasks(chart))
        root = element("scxml", {"version": "1.0", "datamodel": "cel", "name": document["id"]})
        initial = document.get("initial")
        if isinstance(initial, str):
            root.attributes["initial"] = initial
        if document.get("binding"):
            root.attributes["binding"] = document["binding"]
        self._data(root, document)
        for key, state in document["states"].items():
            root.children.append(self._state(chart, key, state, plain["states"][key], f"{path}states/{key}"))
        self._keep(root, document, read_chart(root), path.rstrip("/"))
        return root

    def _data(self, holder: Element, document: Document) -> None:
        if document.get("context"):
            values = [data_element(name, value) for name, value in document["context"].items()]
            holder.children.append(element("datamodel", {}, values))

    def _state(self, chart: Chart, key: str, document: Document, plain: Document, path: str) -> Element:
        made = element(TAGS.get(plain.get("type", ""), "state"), {"id": key})
        if document.get("history"):
            made.attributes["type"] = document["history"]
        self._begin(made, document)
        self._data(made, document)
        self._handlers(made, document)
        made.children += self._timers(key, document)
        made.children += self._ways(key, document, path)
        for at, activity in enumerate(document.get("invoke", [])):
            made.children.append(self._invoke(chart, key, at, activity, f"{path}/invoke/{at}"))
        if "output" in document:
            made.children.append(element("donedata", {}, payload_elements(document["output"])))
        inner = document.get("states") or plain.get("states", {})
        for child, state in inner.items():
            shown = plain["states"][child]
            made.children.append(self._state(chart, child, state, shown, f"states/{child}"))
        self._keep(made, document, read_state(made), path, drop="tasks" in document)
        return made

    def _begin(self, made: Element, document: Document) -> None:
        """Where a compound state begins: an attribute, or an element when something is done on the way."""
        initial = document.get("initial")
        if made.name != "state" or initial is None:
            return
        if isinstance(initial, str):
            made.attributes["initial"] = initial
            return
        way = element("transition", {"target": " ".join(_texts(initial["target"]))})
        way.children += way_actions(initial.get("actions", []))
        made.children.append(element("initial", {}, [way]))

    def _handlers(self, made: Element, document: Document) -> None:
        for name, tag in (("entry", "onentry"), ("exit", "onexit")):
            made.children += handler(tag, document.get(name, []))

    def _timers(self, key: str, document: Document) -> Iterator[Element]:
        """Timeouts as other tools understand them: a delayed event, cancelled on the way out."""
        for at, way in enumerate(document.get("after", [])):
            event = f"after.{key}/after/{at}"
            sent = element("send", {"event": event, "id": event, **delay_attributes(way["delay"])})
            yield element("onentry", {f"{OURS} generated": "after"}, [sent])
            yield element("onexit", {f"{OURS} generated": "after"}, [element("cancel", {"sendid": event})])

    def _ways(self, key: str, document: Document, path: str) -> Iterator[Element]:
        """Transitions in the order in which they are asked."""
        for at, way in enumerate(document.get("on", [])):
            yield self._way(way, {"event": " ".join(_texts(way["event"]))}, f"{path}/on/{at}")
        for at, way in enumerate(document.get("after", [])):
            own = {"event": f"after.{key}/after/{at}", f"{OURS} list": "after", f"{OURS} delay": way["delay"]}
            yield self._way(way, own, f"{path}/after/{at}")
        for at, way in enumerate(document.get("always", [])):
            yield self._way(way, {}, f"{path}/always/{at}")
        for at, way in enumerate(document.get("onDone", [])):
            yield self._way(way, {"event": f"done.state.{key}", f"{OURS} list": "onDone"}, f"{path}/onDone/{at}")
        for at, activity in enumerate(document.get("invoke", [])):
            yield from self._results(key, at, activity, path)

    def _results(self, key: str, at: int, activity: Document, path: str) -> Iterator[Element]:
        name = activity.get("id", f"{key}.{at}")
        for number, way in enumerate(activity.get("onDone", [])):
            own = {"event": f"done.invoke.{name}", f"{OURS} list": f"invoke/{at}/onDone"}
            yield self._way(way, own, f"{path}/invoke/{at}/onDone/{number}")
        failure = activity.get("onFailure", {})
        if failure.get("policy") == "catch":
            way = {name: value for name, value in failure.items() if name != "policy"}
            own = {"event": f"error.invoke.{name}", f"{OURS} list": f"invoke/{at}/onFailure"}
            yield self._way(way, own, f"{path}/invoke/{at}/onFailure")

    def _way(self, way: Document, attributes: dict[str, str], path: str) -> Element:
        made = element("transition", dict(attributes))
        if way.get("target"):
            made.attributes["target"] = " ".join(_texts(way["target"]))
        if way.get("guard"):
            made.attributes["cond"] = way["guard"]
        if way.get("internal"):
            made.attributes["type"] = "internal"
        made.children += way_actions(way.get("actions", []))
        back = read_way(made)
        if f"{OURS} list" in attributes:
            back.pop("event", None)
        self._keep(made, way, back, path)
        return made

    def _invoke(self, chart: Chart, key: str, at: int, activity: Document, path: str) -> Element:
        made = element("invoke", {"type": "scxml" if activity["kind"] == "chart" else f"signalbox:{activity['kind']}"})
        if "id" in activity:
            made.attributes["id"] = activity["id"]
        asked = activity.get("input", {})
        made.attributes.update(given("src", "srcexpr", asked.get("src")))
        if isinstance(asked.get("context"), dict):
            made.children += payload_elements(asked["context"])
        inner = chart.states[key].activities[at].chart
        if inner is not None:
            made.children.append(element("content", {}, [self.chart(inner, f"{path}/chart/")]))
        if activity.get("autoforward"):
            made.attributes["autoforward"] = "true"
        if activity.get("idTo"):
            made.attributes["idlocation"] = activity["idTo"]
        if activity.get("finalize"):
            made.children.append(element("finalize", {}, way_actions(activity["finalize"])))
        plain = {name: value for name, value in activity.items() if name != "onDone"}
        if plain.get("onFailure", {}).get("policy") == "catch":
            del plain["onFailure"]
        self._keep(made, plain, read_invoke(made), path)
        return made

    def _keep(self, made: Element, document: Document, back: Document, path: str, drop: bool = False) -> None:
        """Put into our attribute what reading the element does not give; null takes away what it gives too much."""
        nested = {"states"} - ({"states"} if drop else set())
        more: dict[str, Any] = {
            name: value
            for name, value in document.items()
            if name not in nested and (name not in back or back[name] != value or type(back[name]) is not type(value))
        }
        gone = dict.fromkeys(name for name in back if name not in document and name not in nested)
        if more or gone:
            made.attributes[f"{OURS} more"] = json.dumps({**more, **gone}, sort_keys=False)
        if more:
            self.notes.append(Note("changed", path, ", ".join(more), KEPT))


def _own_actions(holder: Element, path: str) -> Iterator[Note]:
    """Actions that the standard does not know, or does not know whole."""
    for child in holder.children:
        inner = f"states/{child.attributes['id']}" if child.name in STATES and "id" in child.attributes else path
        if f"{OURS} action" in child.attributes:
            yield Note("changed", inner, f"action {child.name}", KEPT)
        yield from _own_actions(child, inner)


def _without_tasks(chart: Chart) -> Chart:
    states = {key: replace(state, tasks=()) if state.tasks else state for key, state in chart.states.items()}
    return replace(chart, states=states)


def _texts(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
