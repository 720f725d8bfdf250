"""An activity that is done once for each item of a list, so many at a time, with some failures tolerated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.statechart import saga
from orchestrator.statechart.definition import JSON, Activity, FanOut
from orchestrator.statechart.document_activities import MAX_MAPPED
from orchestrator.statechart.effects import CancelActivity
from orchestrator.statechart.expressions import ExpressionError, evaluate
from orchestrator.statechart.run import Run
from orchestrator.statechart.snapshot import Fan, Undoable
from orchestrator.statechart.starting import DONE, FAILED, request
from orchestrator.statechart.steps import Event


def begin(run: Run, state: str, activity: Activity, invocation: str) -> None:
    """Start the first items, or after a failure those that have not ended well. Raises ExpressionError."""
    assert activity.map is not None, "the caller asked"
    kept = run.fans.get(activity.id)
    if kept is None:
        items = evaluate(activity.map.items, run.scope())
        if not isinstance(items, list):
            raise ExpressionError(f"{activity.map.items}: a fan-out needs a list")
        if len(items) > MAX_MAPPED:
            raise ExpressionError(f"{activity.map.items}: has {len(items)} items; a fan-out takes {MAX_MAPPED} at most")
        kept = Fan(tuple(items), (None,) * len(items), (False,) * len(items))
    run.fans[activity.id] = replace(kept, running={}, failed=(), begun=0)
    _go_on(run, state, activity, activity.map, invocation)


def _go_on(run: Run, state: str, activity: Activity, fan_out: FanOut, invocation: str) -> None:
    """Start as many items as may run together; when none is left, tell that the whole is done."""
    fan = run.fans[activity.id]
    running, at = dict(fan.running), fan.begun
    busy = {*running.values(), *fan.failed}
    while len(running) < fan_out.max_concurrency and at < len(fan.items):
        if not fan.ended[at] and at not in busy:
            name = f"{invocation}.{at}"
            scope = run.scope_with(item=fan.items[at], index=at)
            run.effects.append(request(run, state, activity, name, scope))
            running[name] = at
        at += 1
    run.fans[activity.id] = replace(fan, running=running, begun=at)
    if not running:
        data: dict[str, JSON] = {"invocation": invocation, "result": list(fan.results)}
        run.raise_event(Event(DONE + activity.id, data, kind="platform"))


def accept(run: Run, event: Event) -> bool:
    """Take in the answer of one item; False when the event is none that is waited for."""
    name = event.name.removeprefix(DONE).removeprefix(FAILED)
    part = event.fields.get("invocation")
    fan = run.fans.get(name)
    if fan is None or not isinstance(part, str) or part not in fan.running:
        return False
    state, activity = run.structure.activities[name]
    assert activity.map is not None, "it has a fan"
    at = fan.running[part]
    left = {key: value for key, value in fan.running.items() if key != part}
    if event.name.startswith(DONE):
        _keep(run, activity, replace(fan, running=left), at, part, event.fields.get("result"))
    else:
        run.fans[name] = replace(fan, running=left, failed=(*fan.failed, at))
    if len(run.fans[name].failed) > activity.map.tolerated_failures:
        _fail(run, activity, event)
    else:
        _resume(run, state, activity, activity.map)
    return True


def _keep(run: Run, activity: Activity, fan: Fan, at: int, invocation: str, result: JSON) -> None:
    """One item ended well: its result is kept, and how to undo it."""
    results = (*fan.results[:at], result, *fan.results[at + 1 :])
    ended = (*fan.ended[:at], True, *fan.ended[at + 1 :])
    run.fans[activity.id] = replace(fan, results=results, ended=ended)
    if activity.compensation:
        saga.remember(run, Undoable(invocation, activity.id, result))


def _resume(run: Run, state: str, activity: Activity, fan_out: FanOut) -> None:
    """The next items; one whose input cannot be worked out fails the whole."""
    try:
        _go_on(run, state, activity, fan_out, run.invocations[activity.id])
    except ExpressionError as error:
        run.errors.append(str(error))
        failure: dict[str, JSON] = {"error": {"class": "ExpressionError", "message": str(error)}}
        _fail(run, activity, Event(FAILED + activity.id, failure))


def _fail(run: Run, activity: Activity, event: Event) -> None:
    """Too many items failed: the others are let go, and the activity as a whole has failed."""
    failed = len(run.fans[activity.id].failed)
    stop(run, activity.id)
    error = event.fields.get("error")
    details: dict[str, JSON] = dict(error) if isinstance(error, Mapping) else {}
    data: dict[str, JSON] = {
        "invocation": run.invocations[activity.id],
        "error": {**details, "failed": failed},
    }
    run.raise_event(Event(FAILED + activity.id, data, kind="platform"))


def stop(run: Run, activity: str) -> None:
    """Nobody waits any more for items that still run; what ended well is kept."""
    fan = run.fans.get(activity)
    if fan is not None:
        run.effects.extend(CancelActivity(name) for name in fan.running)
        run.fans[activity] = replace(fan, running={})
