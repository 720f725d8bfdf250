"""A chart as its JSON document; what has its default value is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Cancel,
    Chart,
    Compensate,
    Compensation,
    Log,
    Raise,
    Retry,
    Send,
    State,
    Transition,
)
from orchestrator.statechart.reading import readable

LIST_OF = {"on": "on", "after": "after", "always": "always", "done": "onDone"}
Document = dict[str, Any]


def dump(chart: Chart) -> Document:
    """The document of a chart, with keys in their usual order."""
    head = {"signalbox": 1, "id": chart.id, "title": chart.title}
    body = {
        "description": chart.description,
        "initial": chart.initial,
        "context": dict(chart.context),
        "meta": dict(chart.meta),
    }
    return {**head, **_filled(body), "states": _states(chart, chart.roots)}


def _filled(values: Mapping[str, Any]) -> Document:
    return {key: value for key, value in values.items() if value not in (None, "", [], {}, False)}


def _states(chart: Chart, keys: Iterable[str]) -> Document:
    return {key: _state(chart, chart.states[key]) for key in keys}


def _state(chart: Chart, state: State) -> Document:
    implied = "compound" if state.children else "atomic"
    values = {
        "title": state.title if state.title != readable(state.id) else None,
        "description": state.description,
        "type": state.type if state.type != implied else None,
        "initial": state.initial,
        "history": state.history,
        "entry": _actions(state.entry),
        "exit": _actions(state.exit),
        **{name: [_way(t) for t in state.transitions if t.kind == kind] for kind, name in LIST_OF.items()},
        "invoke": [_activity(state, activity) for activity in state.activities],
        "expectedWithin": state.expected_within,
        "meta": dict(state.meta),
        "states": _states(chart, state.children),
    }
    return _filled(values)


def _way(transition: Transition) -> Document:
    events, targets = transition.events, transition.targets
    values = {
        "event": _one_or_many(events) if transition.kind == "on" else None,
        "delay": transition.delay,
        "target": _one_or_many(targets),
        "guard": transition.guard,
        "actions": _actions(transition.actions),
        "internal": transition.internal,
        "meta": dict(transition.meta),
    }
    return _filled(values)


def _one_or_many(texts: tuple[str, ...]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)


def _activity(state: State, activity: Activity) -> Document:
    default = Activity(activity.ref, activity.id, activity.kind, activity.title)
    results = [t for t in state.transitions if t.ref.startswith(activity.ref + "/")]
    failure: Document = {} if activity.on_failure == "fail" else {"policy": activity.on_failure}
    for caught in (t for t in results if t.kind == "activity-error"):
        failure.update(_way(caught))
    values = {
        "id": activity.id,
        "kind": activity.kind,
        "title": activity.title,
        "input": dict(activity.input),
        "result": activity.result,
        "timeout": activity.timeout if activity.timeout != default.timeout else None,
        "retry": _retry(activity.retry, Retry()),
        "idempotencyKey": activity.idempotency_key,
        "onDone": [_way(t) for t in results if t.kind == "activity-done"],
        "onFailure": failure,
        "compensate": _compensation(activity.compensation) if activity.compensation else None,
    }
    return _filled(values)


def _retry(retry: Retry, default: Retry) -> Document:
    """The policy where it differs from its default."""
    pairs = {
        "maxAttempts": "max_attempts",
        "interval": "interval",
        "backoff": "backoff",
        "maxInterval": "max_interval",
        "jitter": "jitter",
        "errors": "errors",
    }
    values = {
        key: getattr(retry, name) for key, name in pairs.items() if getattr(retry, name) != getattr(default, name)
    }
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _compensation(undo: Compensation) -> Document:
    values = {
        "kind": undo.kind,
        "title": undo.title,
        "input": dict(undo.input),
        "timeout": undo.timeout if undo.timeout != "PT30S" else None,
        "retry": _retry(undo.retry, Retry(max_attempts=5)),
    }
    return _filled(values)


def _actions(actions: Iterable[Action]) -> list[Document]:
    return [_action(action) for action in actions]


def _action(action: Action) -> Document:
    match action:
        case Assign(to=to, expr=expr):
            return {"type": "assign", "to": to, "expr": expr}
        case Raise(event=event, data=data):
            return {"type": "raise", "event": event, **_filled({"data": dict(data)})}
        case Send(event=event, data=data, delay=delay, id=name):
            return {"type": "send", "event": event, **_filled({"data": dict(data), "delay": delay, "id": name})}
        case Cancel(send_id=send_id):
            return {"type": "cancel", "id": send_id}
        case Log(expr=expr):
            return {"type": "log", "expr": expr}
        case Compensate():
            return {"type": "compensate"}
