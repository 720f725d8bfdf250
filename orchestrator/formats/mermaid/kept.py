"""What the front matter keeps of a chart because no diagram draws it, put back where the drawing has its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.formats.fidelity import Note
from orchestrator.formats.mermaid.actions import Document
from orchestrator.formats.mermaid.labels import Label

OF_CHART = ("id", "title", "description", "owner", "binding", "context", "contextSchema", "silence", "meta", "initial")
OF_STATE = (
    *("title", "description", "owner", "context", "expectedWithin", "output", "invoke", "tasks", "meta"),
    *("history", "initial", "entry", "exit", "maxConcurrency", "toleratedFailures"),
)


class Kept:
    """The value of `signalbox` in the front matter; parts of another form count as absent."""

    def __init__(self, value: Document) -> None:
        self.value = value
        self.notes: list[Note] = []
        self.states: dict[str, Document] = {
            key: {name: part for name, part in state.items() if name in OF_STATE}
            for key, state in _mapping(value.get("states")).items()
            if isinstance(state, Mapping)
        }
        self.metas = _mapping(value.get("ways"))
        self.invokes = {
            key: [dict(item) for item in state["invoke"] if isinstance(item, Mapping)]
            for key, state in self.states.items()
            if isinstance(state.get("invoke"), list)
        }

    def activities(self, key: str) -> frozenset[str]:
        ids = (item.get("id") for item in self.invokes.get(key, ()))
        return frozenset(name for name in ids if isinstance(name, str))

    def works(self, key: str) -> bool:
        return key in self.invokes or bool(self.states.get(key, {}).get("tasks"))

    def lead(self, document: Document, key: str, label: Label, way: Document) -> None:
        """Add one way out of a state."""
        if not label.of:
            document.setdefault(label.kind, []).append(way)
            return
        invoke = next((item for item in self.invokes.get(key, ()) if item.get("id") == label.of), None)
        if invoke is None:
            event = f"{'done' if label.kind == 'done' else 'error'}.invoke.{label.of}"
            document.setdefault("on", []).append({"event": event, **way})
        elif label.kind == "done":
            invoke.setdefault("onDone", []).append(way)
        else:
            invoke["onFailure"] = {**_mapping(invoke.get("onFailure")), **way}

    def complete(self, document: Document, states: Mapping[str, Document]) -> None:
        """Put everything back."""
        document.update({key: self.value[key] for key in OF_CHART if key in self.value})
        for key, state in self.states.items():
            if key not in states:
                self.notes.append(Note("lost", f"states/{key}", "Settings", "The diagram does not draw the state."))
                continue
            states[key].update({**state, **({"invoke": self.invokes[key]} if key in self.invokes else {})})
            if "tasks" in state:
                states[key].pop("type", None)
        for ref, meta in self.metas.items():
            way = _way_at(states, ref.split("/"))
            if way is None:
                self.notes.append(Note("lost", ref, "Meta", "The diagram does not draw the transition."))
            else:
                way["meta"] = meta


def _way_at(states: Mapping[str, Document], ref: list[str]) -> Document | None:
    """The transition at an address, as in `review/on/0` or `charge/invoke/0/onDone/0`."""
    found: Any = states.get(ref[0])
    for part in ref[1:]:
        if isinstance(found, list):
            found = found[int(part)] if part.isdecimal() and len(part) < 6 and int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, dict) else None


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
