"""Our chart as an XState machine, with notes on all that XState itself does not do.

What XState has no place for stands under `meta.signalbox`, so that reading the machine gives the same chart again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.formats.fidelity import Note
from orchestrator.formats.xstate import hearing
from orchestrator.formats.xstate.addresses import address
from orchestrator.formats.xstate.terms import CEL, MILLISECONDS, OURS, Document, by_priority, delay_key, duration, flat
from orchestrator.statechart.definition import Chart, State
from orchestrator.statechart.document import dump

KEPT = "is kept in meta.signalbox; XState does not"
STATE_NOTES = {
    "context": f"{KEPT} set values for a state",
    "expectedWithin": f"{KEPT} watch how long a state lasts",
    "tasks": "are written as the regions that they stand for, and kept in meta.signalbox",
    "maxConcurrency": "is written as the guards that it stands for, and kept in meta.signalbox",
    "toleratedFailures": "is written as the states and guards that it stands for, and kept in meta.signalbox",
}
ACTIVITY_NOTES = {
    "result": f"{KEPT} put a result into the context by itself",
    "timeout": f"{KEPT} stop an actor after a time",
    "retry": f"{KEPT} try an actor again",
    "compensate": f"{KEPT} undo what was done",
    "onFailure": f"{KEPT} have failure policies",
    "idempotencyKey": f"{KEPT} pass on a key by itself",
    "map": f"{KEPT} invoke an actor for each item of a list",
    "chart": f"{KEPT} start it as a child; implement the actor “chart”",
    "finalize": f"{KEPT} act before it takes in an event of a child",
    "autoforward": f"{KEPT} pass every event on to a child",
    "idTo": f"{KEPT} put an id into the context by itself",
}
CHART_NOTES = {
    "binding": f"{KEPT} know late binding",
    "contextSchema": f"{KEPT} check the context",
    "silence": f"{KEPT} know the problems of a chart",
}
TITLES = ("title", "owner")


class Writer:
    """Writes one chart; `given` is the document, and `whole` the document with tasks written as the states they are."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.given = dump(chart)
        bare = {key: replace(state, tasks=()) for key, state in chart.states.items()}
        self.whole = dump(replace(chart, states=bare))
        self.notes: list[Note] = []
        self._counts: dict[str, int] = {}
        self._events = frozenset(hearing.events(self.whole["states"]))

    def machine(self) -> Document:
        """The configuration of the machine."""
        document = self.whole
        extras = {key: document[key] for key in (*TITLES, *CHART_NOTES) if key in document}
        for key, message in CHART_NOTES.items():
            if key in document:
                self._changed("", key, message)
        if "${" in json.dumps(document.get("context")):
            self._changed("", "templates", "in the context are texts to XState, which does not work them out")
        initial = self._initial("", document, self.chart.roots, extras)
        made = {
            "id": document["id"],
            "description": document.get("description"),
            "context": document.get("context"),
            "initial": initial,
            "meta": _meta(document, {"version": document["signalbox"], **extras}),
        }
        states = self._states(document["states"], "states")
        self._tell_counts()
        for state, event in hearing.unheard(self.chart.states):
            message = "is not heard here in XState while a state within a region below hears it"
            self._changed(f"states/{state.id}", f"event “{event}”", message)
        return {**_filled(made), "states": states}

    def _changed(self, path: str, what: str, message: str) -> None:
        self.notes.append(Note("changed", flat(path), what, message))

    def _count(self, what: str, number: int = 1) -> None:
        self._counts[what] = self._counts.get(what, 0) + number

    def _tell_counts(self) -> None:
        """One note for what stands nearly everywhere."""
        said = {
            "guards": f"are CEL: implement the guard “{CEL}”, which gets the expression as params.expr",
            "actions": f"are ours: implement them once under their types, such as “{OURS}assign”, with their params",
            "activities": "are actors named after their kinds, such as “http”: implement them once",
            "titles and owners": "are kept in meta.signalbox; XState does not show them",
        }
        for what, message in said.items():
            if self._counts.get(what):
                self._changed("", what.capitalize(), f"{message} ({self._counts[what]})")

    def _states(self, states: Mapping[str, Any], path: str) -> Document:
        return {key: self._state(key, state, f"{path}/{key}") for key, state in states.items()}

    def _state(self, key: str, document: Document, path: str) -> Document:
        state = self.chart.states[key]
        extras = {name: document[name] for name in (*TITLES, *STATE_NOTES) if name in document}
        if state.tasks:
            extras["tasks"] = _inside(self.given, self.chart, key)["tasks"]
            extras["title"] = document.get("title")
        for name in (name for name in STATE_NOTES if name in extras):
            self._changed(path, name, STATE_NOTES[name])
        self._count("titles and owners", sum(name in extras for name in TITLES))
        made: Document = {
            "description": document.get("description"),
            "type": state.type if "type" in document or "history" in document or state.tasks else None,
            "history": document.get("history"),
            "initial": self._initial(key, document, state.children, extras),
            "entry": self._actions(document.get("entry", ())),
            "exit": self._actions(document.get("exit", ())),
            **(
                self._default(state, document, path, extras)
                if state.type == "history"
                else self._ways(key, document, path)
            ),
            "invoke": [
                self._invoke(key, item, f"{path}/invoke/{n}") for n, item in enumerate(document.get("invoke", ()))
            ],
            "tags": _tags(document),
            "meta": _meta(document, extras),
            "states": self._states(document.get("states", {}), f"{path}/states"),
        }
        self._tell_output(document, path)
        return {**_filled(made), **({"output": document["output"]} if "output" in document else {})}

    def _tell_output(self, document: Document, path: str) -> None:
        if "${" in json.dumps(document.get("output")):
            self._changed(path, "templates", "in the output are texts to XState, which does not work them out")

    def _initial(self, key: str, document: Document, children: Iterable[str], extras: Document) -> object:
        """A child and the actions on the way; XState can begin neither deeper nor in several states."""
        given = document.get("initial")
        if not isinstance(given, dict):
            given = {"target": given} if given else {}
        targets = given.get("target")
        first = targets[0] if isinstance(targets, list) else targets
        child = self._child(first, key) if first else None
        if child != targets:
            extras["initial"] = targets
            path = "/".join(part for part in (key, "initial") if part)
            self._changed(path, "initial states", f"are kept in meta.signalbox; XState begins in “{child}” by default")
        actions = self._actions(given.get("actions", ()))
        return {"target": child, "actions": actions} if actions else child

    def _child(self, key: str, holder: str) -> str:
        """The child of a state in which another one lies, or the key itself when it lies elsewhere."""
        at = self.chart.states.get(key)
        while at is not None and at.parent and at.parent != holder:
            at = self.chart.states[at.parent]
        return at.id if at is not None and (at.parent or "") == holder else key

    def _default(self, state: State, document: Document, path: str, extras: Document) -> Document:
        """Where a history state leads for the first time; in XState that has no actions."""
        given = document.get("always", [])
        kept = [{name: value for name, value in given[0].items() if name != "target"}, *given[1:]] if given else []
        others: Document = {name: document[name] for name in ("on", "after", "onDone") if name in document}
        extras.update(others)
        if kept and (kept != [{}] or not given[0].get("target")):
            extras["always"] = kept
        if others or "always" in extras:
            self._changed(path, "the default of a history state", f"has more than a target, which {KEPT} do it")
        targets = _many(given[0].get("target")) if given else []
        return {"target": _one_or_many([self._address(state.id, target) for target in targets])}

    def _address(self, source: str, target: str) -> str:
        return address(self.chart.states, self.chart.id, source, target)

    def _ways(self, key: str, document: Document, path: str) -> Document:
        on, after = document.get("on", ()), document.get("after", ())
        self._tell_events(on, path)
        return {
            "on": self._heard(key, on, f"{path}/on"),
            "after": self._awaited(key, after, f"{path}/after"),
            "always": self._listed(key, document.get("always", ()), f"{path}/always"),
            "onDone": self._listed(key, document.get("onDone", ()), f"{path}/onDone"),
        }

    def _heard(self, key: str, ways: Sequence[Document], path: str) -> Document:
        """By event; a transition that hears several keeps its number and its own events."""
        groups = [_many(way["event"]) for way in ways]
        names = hearing.keys(groups, self._events)
        under = {name: [n for n, group in enumerate(groups) if _hears(group, name)] for name in names}
        turns = [n for name in by_priority(names) for n in under[name]]
        made = [
            self._way(key, way, f"{path}/{n}", _turn(turns, n) | ({"events": groups[n]} if turns.count(n) > 1 else {}))
            for n, way in enumerate(ways)
        ]
        return {name: _one_or_many([made[n] for n in under[name]]) for name in names}

    def _awaited(self, key: str, ways: Sequence[Document], path: str) -> Document:
        """By delay in milliseconds; one that XState cannot write so is kept."""
        names = [delay_key(way["delay"]) for way in ways]
        turns = [n for name in dict.fromkeys(names) for n, other in enumerate(names) if other == name]
        found: dict[str, list[Document]] = {}
        for n, (name, way) in enumerate(zip(names, ways, strict=True)):
            extras = _turn(turns, n)
            if not (MILLISECONDS.fullmatch(name) and duration(name) == way["delay"]):
                extras["delay"] = way["delay"]
                if not MILLISECONDS.fullmatch(name):
                    self._changed(f"{path}/{n}", "delay", "is worked out by Signalbox; implement a delay of this name")
            found.setdefault(name, []).append(self._way(key, way, f"{path}/{n}", extras))
        return {name: _one_or_many(made) for name, made in found.items()}

    def _listed(self, key: str, ways: Iterable[Document], path: str) -> list[Document]:
        return [self._way(key, way, f"{path}/{n}", {}) for n, way in enumerate(ways)]

    def _way(self, key: str, way: Document, path: str, extras: Document) -> Document:
        targets = _many(way.get("target"))
        within = bool(targets) and all(self._is_within(target, key) for target in targets)
        stays = (
            way.get("internal", False) and within and self.chart.states[key].type == "compound" and key not in targets
        )
        if way.get("internal") and not stays:
            extras["internal"] = True
        self._tell_region(key, targets, path)
        if "guard" in way:
            self._count("guards")
        made = {
            "target": _one_or_many([self._address(key, target) for target in targets]),
            "guard": {"type": CEL, "params": {"expr": way["guard"]}} if "guard" in way else None,
            "actions": self._actions(way.get("actions", ())),
            "reenter": True if within and not stays else None,
            "meta": _meta(way, extras),
        }
        return _filled(made)

    def _is_within(self, target: str, key: str) -> bool:
        line = self._line(target)
        return key in line

    def _line(self, key: str) -> list[str]:
        """A state and its ancestors, innermost first."""
        found: list[str] = []
        at = self.chart.states.get(key)
        while at is not None:
            found.append(at.id)
            at = self.chart.states.get(at.parent or "")
        return found

    def _tell_region(self, key: str, targets: list[str], path: str) -> None:
        """XState leaves one region where SCXML leaves the whole parallel state."""
        lines = [self._line(target)[1:] for target in targets]
        shared = next((above for above in self._line(key)[1:] if all(above in line for line in lines)), None)
        if targets and shared and self.chart.states[shared].type == "parallel":
            self._changed(path, "transition", f"leaves one region of “{shared}” in XState, where SCXML leaves it whole")

    def _tell_events(self, ways: Iterable[Document], path: str) -> None:
        for n, way in enumerate(ways):
            for name in (name for name in _many(way["event"]) if name.startswith(("done.", "error."))):
                message = "is named otherwise in XState, as xstate.done.actor.<id>"
                self._changed(f"{path}/on/{n}", f"event “{name}”", message)

    def _actions(self, actions: Iterable[Document]) -> list[Document]:
        found = []
        for action in actions:
            params = {key: value for key, value in action.items() if key != "type"}
            found.append({"type": OURS + action["type"], **({"params": params} if params else {})})
        self._count("actions", len(found))
        return found

    def _invoke(self, key: str, activity: Document, path: str) -> Document:
        self._count("activities")
        said = ("id", "kind", "input", "onDone")
        extras = {name: value for name, value in activity.items() if name not in said}
        failure = extras.get("onFailure", {})
        caught: list[Document] = []
        if failure.get("policy") == "catch":
            caught = self._listed(key, [extras.pop("onFailure")], f"{path}/onFailure")
        for name in (name for name in ACTIVITY_NOTES if name in extras):
            self._changed(path, name, ACTIVITY_NOTES[name])
        made = {
            "src": activity["kind"],
            "id": activity["id"],
            "input": activity.get("input"),
            "onDone": self._listed(key, activity.get("onDone", ()), f"{path}/onDone"),
            "onError": caught,
        }
        return {**_filled(made), "meta": {"signalbox": extras}}


def write_machine(chart: Chart) -> tuple[Document, list[Note]]:
    """The machine, and how it differs from the chart."""
    writer = Writer(chart)
    return writer.machine(), writer.notes


def _inside(document: Document, chart: Chart, key: str) -> Document:
    """The part of a document which is this state."""
    parent = chart.states[key].parent
    found: Document = (_inside(document, chart, parent) if parent else document)["states"][key]
    return found


def _meta(document: Document, extras: Document) -> Document:
    """The user's `meta` and what is kept beside it; a user's own `signalbox` moves inside."""
    meta = document.get("meta", {})
    kept = {name: value for name, value in extras.items() if value is not None}
    if "signalbox" in meta:
        return {
            **{name: value for name, value in meta.items() if name != "signalbox"},
            "signalbox": {**kept, "meta": meta},
        }
    return {**meta, "signalbox": kept} if kept else meta


def _tags(document: Document) -> list[str]:
    tags = document.get("meta", {}).get("tags")
    return tags if isinstance(tags, list) and all(isinstance(tag, str) and 0 < len(tag) <= 200 for tag in tags) else []


def _hears(descriptors: Iterable[str], key: str) -> bool:
    return any(hearing.covers(descriptor, key) for descriptor in descriptors)


def _turn(turns: list[int], n: int) -> Document:
    """The number of a transition where the order in which they stood would be lost."""
    return {} if turns == sorted(set(turns)) else {"at": n}


def _many(texts: str | list[str] | None) -> list[str]:
    return [] if texts is None else [texts] if isinstance(texts, str) else texts


def _one_or_many(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _filled(values: Document) -> Document:
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
