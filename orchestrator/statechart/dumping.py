"""A chart as its JSON document; what has its default value is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.statechart.definition import (
    JSON,
    Action,
    Activity,
    Assign,
    Block,
    Cancel,
    Chart,
    Choose,
    Compensate,
    Compensation,
    Emit,
    FanOut,
    ForEach,
    Initial,
    Log,
    Raise,
    Retry,
    Send,
    State,
    Task,
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
        "owner": chart.owner,
        "binding": chart.binding if chart.binding != "early" else None,
        "initial": _initial(chart.initial),
        "context": dict(chart.context),
        "contextSchema": dict(chart.context_schema),
        "silence": [_filled({"code": s.code, "path": s.path, "reason": s.reason}) for s in chart.silenced],
        "meta": dict(chart.meta),
    }
    return {**head, **_filled(body), "states": _states(chart, chart.roots)}


def _filled(values: Mapping[str, Any]) -> Document:
    return {key: value for key, value in values.items() if value not in (None, "", [], {}) and value is not False}


def _initial(initial: Initial | None) -> str | Document | None:
    """The key alone where that says it all."""
    if initial is None:
        return None
    if len(initial.targets) == 1 and not initial.actions:
        return initial.targets[0]
    return _filled({"target": _one_or_many(initial.targets), "actions": _actions(initial.actions)})


def _states(chart: Chart, keys: Iterable[str]) -> Document:
    return {key: _state(chart, chart.states[key]) for key in keys}


def _state(chart: Chart, state: State) -> Document:
    implied = "parallel" if state.tasks else "compound" if state.children else "atomic"
    values = {
        "title": state.title if state.title != readable(state.id) else None,
        "description": state.description,
        "type": state.type if state.type != implied else None,
        "owner": state.owner,
        "initial": _initial(state.initial),
        "history": state.history,
        "context": dict(state.context),
        "entry": _actions(state.entry),
        "exit": _actions(state.exit),
        **{name: [_way(t) for t in state.transitions if t.kind == kind] for kind, name in LIST_OF.items()},
        "invoke": [_activity(state, activity) for activity in state.activities],
        "expectedWithin": state.expected_within,
        "meta": dict(state.meta),
        "maxConcurrency": state.limits.max_concurrency,
        "toleratedFailures": state.limits.tolerated_failures or None,
        "tasks": {task.name: _task(chart, state, task) for task in state.tasks},
        "states": {} if state.tasks else _states(chart, state.children),
    }
    return {**_filled(values), **({} if state.output is None else {"output": state.output})}


def _task(chart: Chart, state: State, task: Task) -> Document:
    running = chart.states[f"{state.id}.{task.name}.running"]
    made = _activity(running, running.activities[0])
    title = chart.states[f"{state.id}.{task.name}"].title
    for name in ("id", "onDone", "title"):
        made.pop(name, None)
    return _filled({"after": list(task.after), "title": title if title != readable(task.name) else None, **made})


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
        "map": _fan_out(activity.map) if activity.map else None,
        "chart": dump(activity.chart) if activity.chart else None,
        "autoforward": activity.autoforward,
        "finalize": _actions(activity.finalize),
        "idTo": activity.id_to,
        "onDone": [_way(t) for t in results if t.kind == "activity-done"],
        "onFailure": failure,
        "compensate": _compensation(activity.compensation) if activity.compensation else None,
    }
    return _filled(values)


def _fan_out(fan: FanOut) -> Document:
    most = fan.max_concurrency if fan.max_concurrency != 10 else None
    return _filled({"items": fan.items, "maxConcurrency": most, "toleratedFailures": fan.tolerated_failures or None})


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
    """One action; what has its default value is left out, but never what an event carries unless it is nothing."""
    match action:
        case Assign(to=to, expr=expr):
            return {"type": "assign", "to": to, "expr": expr}
        case Raise(event=event, data=data):
            return {"type": "raise", "event": event, **_data(data)}
        case Send(event=event, data=data, delay=delay, id=name, target=target, id_to=id_to):
            more = {"delay": delay, "id": name, "target": target, "idTo": id_to}
            return {"type": "send", "event": event, **_data(data), **_filled(more)}
        case Emit(event=event, topic=topic, data=data, key=key):
            return {"type": "emit", "event": event, "topic": topic, **_data(data), **_filled({"key": key})}
        case Cancel(send_id=send_id):
            return {"type": "cancel", "id": send_id}
        case Log(expr=expr, label=label):
            return {"type": "log", "expr": expr, **_filled({"label": label})}
        case Compensate():
            return {"type": "compensate"}
        case Choose() | ForEach() | Block():
            return _nested(action)


def _nested(action: Choose | ForEach | Block) -> Document:
    match action:
        case Choose(branches=branches):
            made = [_filled({"guard": branch.guard, "actions": _actions(branch.actions)}) for branch in branches]
            return {"type": "choose", "branches": made}
        case ForEach(items=items, item=item, index=index, actions=inner):
            each = {"items": items, "item": item, "index": index, "actions": _actions(inner)}
            return {"type": "forEach", **_filled(each)}
        case Block(actions=inner):
            return {"type": "block", **_filled({"actions": _actions(inner)})}


def _data(data: JSON) -> Document:
    return {} if data == {} else {"data": data}
