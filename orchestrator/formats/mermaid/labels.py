"""The label of an arrow: `event, event [guard] / action; action`, in which a reader finds what the writer put.

Without an event it is the completion of a composite state, or of any other one an automatic transition. `after PT1H` is
a timeout, `done.invoke.<id>` and `error.invoke.<id>` are the end of an activity. A name which could be taken for
something else stands in quotes, and what cannot be said in this way is written as JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from orchestrator.formats.mermaid.actions import as_json, json_object, read_actions, write_actions

Document = dict[str, Any]
LONGEST_LABEL = 40_000
TOKEN = re.compile(r"[^\s,\[\]{}/\"“”;=()]+")
AFTER = re.compile(r"after ([^\s\"]+|\"(?:[^\"\\]|\\.)*+\")(?= |$)", re.DOTALL)
DELAY = re.compile(r"[^\s\"]+")
SPACES = re.compile(r" *")
WORDS = frozenset({"after", "always", "internal"})
GENERATED = ("done.state.", "done.invoke.", "error.invoke.")
LISTS = ("on", "after", "always", "onDone")


@dataclass(frozen=True, slots=True)
class Source:
    """What the state at the tail of an arrow says of its label; `pseudo` is a fork, a join, a choice or a start.

    `activities` are the ids of its activities; with `works` it has activities or tasks.
    """

    key: str
    composite: bool = False
    pseudo: str = ""
    activities: frozenset[str] = field(default_factory=frozenset)
    works: bool = False

    @property
    def usual(self) -> str:
        """The list of a transition that needs no event."""
        return "onDone" if self.composite else "always"


@dataclass(frozen=True, slots=True)
class Label:
    """`kind` is the list of the document, or `done` or `error` for the end of the activity `of`."""

    kind: str
    way: Document
    of: str = ""


def write_label(label: Label, source: Source, loud: bool = False) -> str:
    """`loud` never leaves the event out."""
    words = " ".join(part for part in _parts(label, source, loud) if part)
    return words if read_label(words, source) == label else label_as_json(label)


def label_as_json(label: Label) -> str:
    return as_json({"kind": label.kind, **({"of": label.of} if label.of else {}), **label.way})


def _parts(label: Label, source: Source, loud: bool) -> list[str]:
    way = label.way
    return [
        "internal" if way.get("internal") else "",
        _trigger(label, source, loud),
        f"[{way['guard']}]" if "guard" in way else "",
        f"/ {write_actions(way['actions'])}" if "actions" in way else "",
    ]


def _trigger(label: Label, source: Source, loud: bool) -> str:
    if label.kind == "on":
        events = label.way["event"]
        return ", ".join(_name(event, source) for event in ([events] if isinstance(events, str) else events))
    if label.kind == "after":
        delay = label.way["delay"]
        return f"after {delay if DELAY.fullmatch(delay) else as_json(delay)}"
    if label.of:
        return f"{label.kind}.invoke.{label.of}"
    if label.kind == source.usual and not loud:
        return ""
    return "always" if label.kind == "always" else f"done.state.{source.key}"


def _name(event: str, source: Source) -> str:
    plain = TOKEN.fullmatch(event) and event not in WORDS and not event.startswith(GENERATED) and not source.pseudo
    return event if plain else as_json(event)


def read_label(text: str, source: Source) -> Label | None:
    """What a label says in the words of the writer; None when it is anything else."""
    if text.startswith("{"):
        return _from_json(text)
    rest = text.removeprefix("internal ")
    way: Document = {"internal": True} if rest != text else {}
    begun = _read_trigger(rest, source)
    if begun is None:
        return None
    label, at = begun
    tail = _read_tail(rest[at:])
    if tail is None:
        return None
    return Label(label.kind, {**label.way, **tail, **way}, label.of)


def _from_json(text: str) -> Label | None:
    value = json_object(text)
    kind = value.pop("kind", None) if value else None
    of = value.pop("of", "") if value else ""
    wanted = {"on": "event", "after": "delay"}.get(str(kind))
    if value is None or kind not in (*LISTS, "done", "error") or not isinstance(of, str):
        return None
    return Label(kind, value, of) if wanted is None or wanted in value else None


def _read_trigger(text: str, source: Source) -> tuple[Label, int] | None:
    """The event of a label and where it ends."""
    timeout = AFTER.match(text)
    if timeout:
        delay = _unquoted(timeout[1])
        return None if delay is None else (Label("after", {"delay": delay}), timeout.end())
    names, quoted, at = _read_names(text)
    if not names:
        return Label(source.usual, {}), 0
    if len(names) == 1 and not quoted:
        return _generated(names[0], source), at
    return Label("on", {"event": names[0] if len(names) == 1 else names}), at


def _generated(name: str, source: Source) -> Label:
    """A single name outside quotes, which may stand for more than an event."""
    if name == "always" or name == f"done.state.{source.key}":
        return Label("always" if name == "always" else "onDone", {})
    for kind in ("done", "error"):
        of = name.removeprefix(f"{kind}.invoke.")
        if of != name and of in source.activities:
            return Label(kind, {}, of)
    return Label("on", {"event": name})


def _unquoted(text: str) -> str | None:
    if not text.startswith('"'):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _read_names(text: str) -> tuple[list[str], bool, int]:
    """The names before a guard or an action, whether any stood in quotes, and where they end."""
    names: list[str] = []
    at, quoted = 0, False
    while True:
        if text.startswith('"', at):
            try:
                name, end = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                return [], False, 0
            quoted = True
        else:
            found = TOKEN.match(text, at)
            if not found:
                return (names, quoted, at) if not names else ([], False, 0)
            name, end = found[0], found.end()
        names.append(name)
        if not text.startswith(", ", end):
            return names, quoted, end
        at = end + 2


def _read_tail(text: str) -> Document | None:
    """Guard and actions; None when anything else stands there."""
    at = SPACES.match(text).end()  # type: ignore[union-attr]  # it matches everything
    found: Document = {}
    if text.startswith("[", at):
        end = text.find("] / ", at)
        end = end if end >= 0 else len(text) - 1
        if not text.startswith("]", end) or end == at + 1:
            return None
        found["guard"] = text[at + 1 : end]
        at = end + 1
        at += text.startswith(" ", at)
    if text.startswith("/ ", at):
        actions = read_actions(text[at + 2 :])
        if not actions:
            return None
        return {**found, "actions": actions}
    return found if at == len(text) else None
