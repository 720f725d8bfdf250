"""Actions as a person would write them after the `/` of a label, each exactly as it was read."""

from __future__ import annotations

import json
import re
from typing import Any

Document = dict[str, Any]
BETWEEN = "; "
WORD = r"[^\s{}\[\]\"“”;,/]+"
ASSIGN = re.compile(r"(?P<to>[A-Za-z_][\w.\[\]'\"]*) = (?P<expr>\S.*)", re.DOTALL)
SIMPLE = {
    "cancel": re.compile(rf"cancel (?P<id>{WORD})"),
    "log": re.compile(r"log (?P<expr>\S.*)", re.DOTALL),
    "raise": re.compile(rf"raise (?P<event>{WORD})(?: (?P<data>\{{.*\}}))?", re.DOTALL),
    "send": re.compile(
        rf"send (?P<event>{WORD})(?: (?P<data>\{{.*\}}))?"
        rf"(?: after (?P<delay>{WORD}))?(?: as (?P<id>{WORD}))?(?: to (?P<target>{WORD}))?",
        re.DOTALL,
    ),
    "emit": re.compile(
        rf"emit (?P<event>{WORD})(?: (?P<data>\{{.*\}}))?(?: under (?P<key>{WORD}))? to (?P<topic>{WORD})", re.DOTALL
    ),
}
PREPOSITIONS = {"send": {"after": "delay", "as": "id", "to": "target"}, "emit": {"under": "key", "to": "topic"}}


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_actions(actions: list[Document]) -> str:
    words = BETWEEN.join(_write(action) for action in actions)
    return words if read_actions(words) == actions else as_json(actions)


def read_actions(text: str) -> list[Document] | None:
    """The actions of a text; None when it holds anything else."""
    if text.startswith("[{"):
        return _listed(text)
    found = [_read(part) for part in text.split(BETWEEN)]
    return None if None in found else [action for action in found if action is not None]


def _listed(text: str) -> list[Document] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if all(isinstance(item, dict) for item in value) else None


def _write(action: Document) -> str:
    """In words where they say all of it, and as JSON otherwise."""
    words = _in_words(action)
    return words if _read(words) == action else as_json(action)


def _in_words(action: Document) -> str:
    kind = action["type"]
    if kind == "assign":
        return f"{action['to']} = {action['expr']}"
    parts = [kind, *(action[key] for key in ("event", "expr") if key in action)]
    if "data" in action:
        parts.append(as_json(action["data"]))
    if kind == "cancel":
        parts.append(action["id"])
    words = PREPOSITIONS.get(kind, {})
    parts += [f"{word} {action[key]}" for word, key in words.items() if key in action]
    return " ".join(parts)


def _read(text: str) -> Document | None:
    if text == "compensate":
        return {"type": "compensate"}
    if text.startswith("{"):
        value = json_object(text)
        return value if value is not None and isinstance(value.get("type"), str) else None
    pattern = SIMPLE.get(text.split(" ", 1)[0])
    found = pattern.fullmatch(text) if pattern else None
    if pattern and found:
        return _with_data({"type": text.split(" ", 1)[0]}, found.groupdict())
    found = ASSIGN.fullmatch(text)
    return {"type": "assign", **found.groupdict()} if found else None


def _with_data(made: Document, parts: dict[str, str | None]) -> Document | None:
    given = {key: value for key, value in parts.items() if value is not None}
    if "data" in given:
        data = json_object(given.pop("data") or "")
        if data is None:
            return None
        return {**made, "event": given.pop("event"), "data": data, **given}
    return {**made, **given}


def json_object(text: str) -> Document | None:
    """The object of a text that may be JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
