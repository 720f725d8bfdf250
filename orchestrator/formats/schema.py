"""The JSON Schema of our document, which editors use while people write one (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any, get_args

from orchestrator.statechart.definition import FailurePolicy, StateType
from orchestrator.statechart.document import FORMAT, MAX_STATES
from orchestrator.statechart.document_activities import MAX_FAN_OUT, MAX_MAPPED
from orchestrator.statechart.document_tasks import LIMIT_KEYS, MAX_TASKS
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import KEY, MAX_ITEMS, MAX_TEXT

Schema = dict[str, Any]
ADDRESS = "https://json-schema.org/draft/2020-12/schema"
ANY: Schema = {}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}


def schema() -> Schema:
    """The whole schema; `parse` checks a little more, such as that no key is used twice in a chart."""
    return {
        "$schema": ADDRESS,
        "title": "Signalbox chart",
        "description": "A statechart that Signalbox draws, checks and runs.",
        "$ref": "#/$defs/chart",
        "$defs": {
            "chart": _chart(),
            "state": _state(),
            "states": {**_keyed("state"), "maxProperties": MAX_STATES},
            "initial": _initial(),
            "silence": _closed(
                {"code": _text(80, "The code of a problem."), "path": _text(500), "reason": _text(500)},
                ["code", "reason"],
            ),
            **_ways(),
            "action": {"oneOf": [_action(name, parts) for name, parts in _actions().items()]},
            "actions": _list("action"),
            "branch": _closed({"guard": _expression(), "actions": _ref("actions")}),
            **_activities(),
        },
    }


def _text(longest: int = MAX_TEXT, description: str = "") -> Schema:
    return {"type": "string", "maxLength": longest, **({"description": description} if description else {})}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _expression() -> Schema:
    return _text(MAX_LENGTH, "A CEL expression; it may read context, event, instance and now, and ask In('state').")


def _template(description: str) -> Schema:
    return _text(MAX_LENGTH, f"{description} It may hold ${{CEL}}.")


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str) -> Schema:
    return {"type": "array", "maxItems": MAX_ITEMS, "items": _ref(name)}


def _keyed(name: str) -> Schema:
    key = {"pattern": f"^{KEY.pattern}$"}
    return {"type": "object", "propertyNames": key, "additionalProperties": _ref(name)}


def _closed(properties: Schema, required: list[str] | None = None) -> Schema:
    """An object that has these properties and no others."""
    named = {"required": required} if required else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **named}


def _texts(longest: int, description: str) -> Schema:
    one = {"type": "string", "maxLength": longest}
    many = {"type": "array", "maxItems": MAX_ITEMS, "items": {**one, "minLength": 1}}
    return {"oneOf": [one, many], "description": description}


def _chart() -> Schema:
    properties = {
        "$schema": _text(),
        "signalbox": {"const": FORMAT, "description": "The version of the format."},
        "id": {**_text(80), "pattern": f"^{KEY.pattern}$"},
        "title": _text(200),
        "description": _text(),
        "owner": _text(200, "Whom an escalation calls."),
        "initial": _ref("initial"),
        "binding": {"enum": ["early", "late"], "description": "When the context of states is set."},
        "context": {
            **OBJECT,
            "description": "The data of an instance; texts may hold ${CEL}, worked out at its start.",
        },
        "contextSchema": {
            **OBJECT,
            "description": "A JSON Schema of the context, against which expressions are checked.",
        },
        "silence": _list("silence"),
        "states": _ref("states"),
        "meta": OBJECT,
    }
    return _closed(properties, ["signalbox", "id"])


def _state() -> Schema:
    properties = {
        "title": _text(200),
        "description": _text(),
        "owner": _text(200, "Whom an escalation out of this state calls."),
        "type": {"enum": list(get_args(StateType))},
        "initial": _ref("initial"),
        "history": {"enum": ["shallow", "deep"]},
        "context": OBJECT,
        "entry": _ref("actions"),
        "exit": _ref("actions"),
        "on": _list("on"),
        "after": _list("after"),
        "always": _list("way"),
        "onDone": _list("way"),
        "invoke": _list("activity"),
        "expectedWithin": _template("Instances that stay longer are overdue, such as PT4H."),
        "output": {"description": "What a final state gives back; texts may hold ${CEL}."},
        "tasks": {**_keyed("task"), "maxProperties": MAX_TASKS},
        "maxConcurrency": {**_whole(1, MAX_TASKS), "description": "How many of the tasks may run together."},
        "toleratedFailures": {**_whole(0, MAX_TASKS), "description": "How many of the tasks may fail."},
        "states": _ref("states"),
        "meta": OBJECT,
    }
    limited = {"required": ["tasks"], "properties": {"tasks": {"minProperties": 1}}}
    return {**_closed(properties), "dependentSchemas": dict.fromkeys(sorted(LIMIT_KEYS), limited)}


def _initial() -> Schema:
    led = _closed({"target": _texts(80, "The states entered first."), "actions": _ref("actions")}, ["target"])
    return {"oneOf": [{"type": "string", "maxLength": 80}, led], "description": "Where it begins."}


def _way_parts() -> Schema:
    return {
        "target": _texts(80, "Where it leads; without a target the actions run and no state is left."),
        "guard": _expression(),
        "actions": _ref("actions"),
        "internal": FLAG,
        "meta": OBJECT,
    }


def _ways() -> Schema:
    event = _texts(200, "The event or events: a name, a prefix such as order.*, or *.")
    return {
        "way": _closed(_way_parts()),
        "on": _closed({"event": event, **_way_parts()}, ["event"]),
        "after": _closed({"delay": _template("How long, such as PT48H."), **_way_parts()}, ["delay"]),
    }


def _actions() -> dict[str, tuple[Schema, list[str]]]:
    event, expr = _template("The name of the event."), _expression()
    inner = {"actions": _ref("actions")}
    return {
        "assign": ({"to": _text(200, "A place such as order.lines[0].price."), "expr": expr}, ["to", "expr"]),
        "raise": ({"event": event, "data": ANY}, ["event"]),
        "send": (
            {
                "event": event,
                "data": ANY,
                "delay": _template("How long to wait."),
                "id": _template("Lets cancel stop it."),
                "target": _template("Another instance; nothing is this one."),
                "idTo": _text(80, "The context key that receives the id."),
            },
            ["event"],
        ),
        "emit": (
            {
                "event": event,
                "topic": _template("The topic that hears it."),
                "data": ANY,
                "key": _template("Events of one key keep their order; without it, that of the instance."),
            },
            ["event", "topic"],
        ),
        "cancel": ({"id": _template("The id under which it was sent.")}, ["id"]),
        "log": ({"expr": expr, "label": _text(200)}, ["expr"]),
        "compensate": ({}, []),
        "choose": ({"branches": {**_list("branch"), "minItems": 1}}, ["branches"]),
        "forEach": ({"items": expr, "item": _text(80), "index": _text(80), **inner}, ["items"]),
        "block": (inner, []),
    }


def _action(name: str, parts: tuple[Schema, list[str]]) -> Schema:
    properties, required = parts
    return _closed({"type": {"const": name}, **properties}, ["type", *required])


def _activities() -> Schema:
    common = {
        "kind": _text(20, "What does the work: http, email, python ..."),
        "title": _text(200),
        "input": {**OBJECT, "description": "What the work is given; texts may hold ${CEL}."},
        "result": _text(80, "The context key that receives the result."),
        "timeout": _template("The longest an attempt may take."),
        "retry": _ref("retry"),
        "onFailure": _closed({"policy": {"enum": list(get_args(FailurePolicy))}, **_way_parts()}),
        "compensate": _ref("compensation"),
        "idempotencyKey": _template("The same for all attempts, so that a receiver does the work once."),
        "map": _ref("map"),
    }
    child = {
        "chart": _ref("chart"),
        "finalize": _ref("actions"),
        "autoforward": FLAG,
        "idTo": _text(80),
        "id": _text(160),
        "onDone": _list("way"),
    }
    after = _texts(80, "The tasks which must be done before.")
    return {
        "activity": _closed({**common, **child}, ["kind"]),
        "task": _closed({**common, "after": after}, ["kind"]),
        "compensation": _closed(
            {name: common[name] for name in ("kind", "title", "input", "timeout", "retry")}, ["kind"]
        ),
        "retry": _retry(),
        "map": _map(),
    }


def _retry() -> Schema:
    return _closed(
        {
            "maxAttempts": _whole(1, 1_000),
            "interval": _text(60),
            "backoff": {"type": "number", "minimum": 1, "maximum": 100},
            "maxInterval": _text(60),
            "jitter": FLAG,
            "errors": _texts(200, "The classes of errors that are tried again."),
        }
    )


def _map() -> Schema:
    return _closed(
        {
            "items": _expression(),
            "maxConcurrency": _whole(1, MAX_FAN_OUT),
            "toleratedFailures": _whole(0, MAX_MAPPED),
        },
        ["items"],
    )
