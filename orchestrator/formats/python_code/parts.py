"""Actions, transitions and activities of a document as calls of the Python API."""

from __future__ import annotations

from typing import Any

from orchestrator.formats.python_code.layout import Call, call
from orchestrator.statechart.reading import readable

Document = dict[str, Any]


def actions(listed: list[Document] | None) -> list[Call] | None:
    """A block of actions; None, and so no keyword, for an empty one."""
    return [_action(item) for item in listed] if listed else None


def _action(item: Document) -> Call:
    data = [item["data"]] if "data" in item else []
    match item["type"]:
        case "assign":
            return call("assign", item["to"], item["expr"])
        case "raise":
            return call("raise_event", item["event"], *data)
        case "send" | "emit":
            return _sending(item, data)
        case "cancel":
            return call("cancel", item["id"])
        case "log":
            return call("log", item["expr"], *([item["label"]] if "label" in item else []))
        case "choose":
            return call("choose", *(_branch(branch) for branch in item["branches"]))
        case "forEach":
            named = item["item"] if item["item"] != "item" else None
            inner = actions(item.get("actions")) or []
            return call("for_each", item["items"], *inner, item=named, index=item.get("index"))
        case "block":
            return call("block", *(actions(item.get("actions")) or []))
        case "compensate":
            return call("compensate")
        case kind:
            raise ValueError(f"The action {kind} has no function in orchestrator.sdk.")


def _sending(item: Document, data: list[object]) -> Call:
    if item["type"] == "emit":
        return call("emit", item["event"], item["topic"], *data, key=item.get("key"))
    more = {"delay": item.get("delay"), "id": item.get("id"), "target": item.get("target")}
    return call("send", item["event"], *data, **more, id_to=item.get("idTo"))


def _branch(branch: Document) -> Call:
    inner = actions(branch.get("actions")) or []
    return call("when", branch["guard"], *inner) if "guard" in branch else call("otherwise", *inner)


def way(name: str, item: Document, *args: object) -> Call:
    """A transition as a call: its target last among the arguments, then what else it has."""
    target = [item["target"]] if "target" in item else []
    more = {"guard": item.get("guard"), "internal": item.get("internal"), "meta": item.get("meta")}
    return call(name, *args, *target, actions=actions(item.get("actions")), **more)


def activity(item: Document, default_id: str) -> dict[str, object]:
    """The keywords of an activity or a task beside its kind."""
    named = item.get("id")
    return {
        "id": named if named != default_id else None,
        "title": _title(item),
        "input": item.get("input"),
        "map": _fan_out(item.get("map")),
        "result": item.get("result"),
        "timeout": item.get("timeout"),
        "retry": _retry(item.get("retry")),
        "idempotency_key": item.get("idempotencyKey"),
        "compensate": _undo(item.get("compensate")),
        "autoforward": item.get("autoforward"),
        "finalize": actions(item.get("finalize")),
        "id_to": item.get("idTo"),
        "on_done": _results(item.get("onDone")),
        "on_failure": _failure(item.get("onFailure")),
    }


def _title(item: Document) -> str | None:
    """The title where it says more than the kind."""
    title: str | None = item.get("title")
    return None if title == readable(item["kind"]) else title


def _fan_out(item: Document | None) -> Call | None:
    if item is None:
        return None
    limits = {"max_concurrency": item.get("maxConcurrency"), "tolerated_failures": item.get("toleratedFailures")}
    return call("fan_out", item["items"], **limits)


def _retry(item: Document | None) -> Call | None:
    if item is None:
        return None
    times = [item["maxAttempts"]] if "maxAttempts" in item else []
    keys = {"interval": "interval", "backoff": "backoff", "max_interval": "maxInterval", "jitter": "jitter"}
    return call("retry", *times, **{name: item.get(key) for name, key in keys.items()}, errors=item.get("errors"))


def _undo(item: Document | None) -> Call | None:
    if item is None:
        return None
    more = {"input": item.get("input"), "timeout": item.get("timeout"), "retry": _retry(item.get("retry"))}
    return call("undo", item["kind"], title=_title(item), **more)


def _results(listed: list[Document] | None) -> object:
    """One plain target as it is, everything else with `to`."""
    if not listed:
        return None
    if len(listed) > 1:
        return [way("to", item) for item in listed]
    target = listed[0].get("target")
    return target if isinstance(target, str) and len(listed[0]) == 1 else way("to", listed[0])


def _failure(item: Document | None) -> object:
    if item is None or item["policy"] != "catch":
        return item and item["policy"]
    return way("to", {key: value for key, value in item.items() if key != "policy"})
