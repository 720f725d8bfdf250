"""The rows of an action editor: one line of text per action, read from parallel lists of form values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from designer.forms.base import TEXT_LENGTH, read_json, to_iso, to_words
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.topics import MAX_NAME, TOPIC, TOPIC_RULE

MOST_ROWS = 50
PLAIN = ("assign", "raise", "send", "emit", "cancel", "log", "compensate")
AS_JSON = "json"  # the row of an action which has more than the fields of a plain row
TYPES = (*PLAIN, AS_JSON)
ASSIGNMENT = re.compile(r"\s*(?:context\.)?([A-Za-z_][A-Za-z0-9_.]*)\s*=(?!=)\s*(\S.*)", re.DOTALL)
EMISSION = re.compile(r"(\S.*?)\s+to\s+(\S.*)", re.DOTALL)
HELP = {
    "assign": ("Assignment", "tries = context.tries + 1"),
    "raise": ("Event to raise", "payment.checked"),
    "send": ("Event to send", "reminder"),
    "emit": ("Event to publish, and its topic", "order.placed to orders"),
    "cancel": ("Id of the sent event to stop", "reminder-1"),
    "log": ("Expression to log", "'tried ' + string(context.tries)"),
    "compensate": ("Undo what was done", ""),
    AS_JSON: ("Action as JSON", '{"type": "log", "expr": "context.tries", "label": "tries"}'),
}
NESTED: dict[str, dict[str, Any]] = {
    "choose": {
        "type": "choose",
        "branches": [
            {"guard": "instance.key.startsWith('A')", "actions": [{"type": "log", "expr": "'yes'"}]},
            {"actions": [{"type": "log", "expr": "'no'"}]},
        ],
    },
    "forEach": {
        "type": "forEach",
        "items": "[1, 2]",
        "item": "each",
        "actions": [{"type": "log", "expr": "context.each"}],
    },
}
FIELDS = ("type", "text", "delay", "data", "id")


@dataclass(frozen=True, slots=True)
class Row:
    """One action as the form shows it; `text` is the assignment, the event, the id, the expression or all of it."""

    type: str
    text: str = ""
    delay: str = ""
    data: str = ""
    id: str = ""
    error: str = ""

    @property
    def label(self) -> str:
        return HELP[self.type][0]

    @property
    def example(self) -> str:
        return HELP[self.type][1]

    @property
    def badge(self) -> str:
        """The type of the action, which a row of JSON has inside."""
        if self.type != AS_JSON:
            return self.type
        found = re.search(r'"type"\s*:\s*"(\w{1,20})"', self.text)
        return found[1] if found else "JSON"


@dataclass(frozen=True, slots=True)
class ActionList:
    """All rows of one editor with the actions they make; `valid` is False when a row has an error."""

    prefix: str
    title: str
    rows: tuple[Row, ...]
    actions: tuple[dict[str, Any], ...] = ()

    @property
    def valid(self) -> bool:
        return not any(row.error for row in self.rows)

    @property
    def types(self) -> tuple[str, ...]:
        return (*PLAIN, *NESTED)


def show(actions: Iterable[Mapping[str, Any]], prefix: str, title: str) -> ActionList:
    """The editor of actions that are in the document; what a plain row cannot hold is shown as JSON."""
    return ActionList(prefix, title, tuple(_row(action) for action in actions))


def new_row(kind: str) -> Row:
    """The row which the menu adds. Raises KeyError when there is no such kind."""
    if kind in NESTED:
        return Row(AS_JSON, _lines(NESTED[kind]))
    return Row({known: known for known in PLAIN}[kind])


def read(posted: QueryDict, prefix: str, title: str) -> ActionList:
    """The editor as it was sent; rows without any text are left out."""
    columns = [posted.getlist(f"{prefix}_{name}")[: MOST_ROWS + 1] for name in FIELDS]
    rows: list[Row] = []
    actions: list[dict[str, Any]] = []
    for values in zip(*columns, strict=False):
        row = Row(*(value.strip() for value in values))
        if row.type not in TYPES or (row.type != "compensate" and not (row.text or row.delay or row.data)):
            continue
        row, action = _checked(row, len(rows))
        rows.append(row)
        actions.append(action)
    return ActionList(prefix, title, tuple(rows), tuple(actions))


def _row(action: Mapping[str, Any]) -> Row:
    if action.get("type") in PLAIN:
        row = _plain_row(action)
        if _checked(row, 0)[1] == action:
            return row
    return Row(AS_JSON, _lines(action))


def _plain_row(action: Mapping[str, Any]) -> Row:
    kind = str(action["type"])
    data = action.get("data")
    texts = {
        "assign": f"{action.get('to', '')} = {action.get('expr', '')}",
        "log": str(action.get("expr", "")),
        "cancel": str(action.get("id", "")),
        "compensate": "",
        "emit": f"{action.get('event', '')} to {action.get('topic', '')}",
    }
    names = {"send": "id", "emit": "key"}
    return Row(
        type=kind,
        text=texts.get(kind, str(action.get("event", ""))),
        delay=to_words(str(action.get("delay") or "")),
        data=_json(data) if data else "",
        id=str(action.get(names[kind]) or "") if kind in names else "",
    )


def _lines(action: Mapping[str, Any]) -> str:
    return json.dumps(action, indent=2, ensure_ascii=False)


def _json(data: Any) -> str:
    shown: str = forms.JSONField().prepare_value(data)
    return shown


def _checked(row: Row, index: int) -> tuple[Row, dict[str, Any]]:
    try:
        if index >= MOST_ROWS:
            raise ValueError(f"At most {MOST_ROWS} actions here; move some to another state.")
        return row, _action(row)
    except forms.ValidationError as error:
        message = " ".join(error.messages)
    except ValueError as error:
        message = str(error)
    return Row(row.type, row.text, row.delay, row.data, row.id, message), {}


def _action(row: Row) -> dict[str, Any]:
    """The action of a row. Raises ValueError or ValidationError with the mend."""
    if row.type == AS_JSON:
        return _action_of_json(row.text)
    if len(row.text) > TEXT_LENGTH:
        raise ValueError(f"Longer than {TEXT_LENGTH} characters; make it shorter.")
    if row.type == "compensate":
        return {"type": "compensate"}
    if not row.text:
        raise ValueError(f"{row.label}: write it, for example {row.example}")
    if row.type == "assign":
        found = ASSIGNMENT.fullmatch(row.text)
        if not found:
            raise ValueError("Write it as name = expression, for example tries = context.tries + 1")
        return {"type": "assign", "to": found[1], "expr": found[2].strip()}
    if row.type in ("log", "cancel"):
        return {"type": row.type, "expr" if row.type == "log" else "id": row.text}
    action, extras = _published(row) if row.type == "emit" else _sent(row)
    if row.data:
        extras["data"] = read_json(row.data, dict)
    return {**action, **{name: value for name, value in extras.items() if value}}


def _sent(row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    extras = {"delay": to_iso(row.delay), "id": row.id} if row.type == "send" else {}
    return {"type": row.type, "event": row.text}, extras


def _published(row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    found = EMISSION.fullmatch(row.text)
    if not found:
        raise ValueError(f"Write it as event to topic, for example {row.example}")
    if "${" not in found[2] and not TOPIC.fullmatch(found[2]):
        raise ValueError(f"The topic “{found[2][:MAX_NAME]}” {TOPIC_RULE}.")
    return {"type": "emit", "event": found[1], "topic": found[2]}, {"key": row.id}


def _action_of_json(text: str) -> dict[str, Any]:
    """The action of a text, which must be one that a chart can have."""
    action: dict[str, Any] = read_json(text, dict)
    try:
        parse({"signalbox": 1, "id": "any", "states": {"any": {"entry": [action]}}})
    except DocumentError as error:
        place = error.path.removeprefix("states/any/entry/0").lstrip("/")
        raise ValueError(f"{place}: {error.message}" if place else error.message) from error
    return action
