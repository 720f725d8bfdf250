"""What can be applied to an instance, and how the core applies it: one function drains, replays and verifies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.lifecycle import cancel, move, resume, skip
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.transition import Environment, Event, Step, start, transition

ENDED = FINISHED - {"failed"}  # a failed instance can still be retried or cancelled


class Input(NamedTuple):
    """One claimed input; `data` is JSON text, a timer's `source` is its id.

    `attempts` counts batches it broke, and `hops` the events of machines in a row that led to it in no time.
    """

    id: int
    instance: int
    kind: str
    name: str
    data: str
    source: str
    actor: str
    occurred_at: datetime
    attempts: int = 0
    hops: int = 0


def step_of(chart: Chart, snapshot: Snapshot | None, given: Input, env: Environment) -> Step | None:
    """What the core makes of one input; None when there is nothing left to apply it to. Raises what the core raises."""
    data: dict[str, Any] = json.loads(given.data)
    now = given.occurred_at
    if given.kind == "start":
        return start(chart, data, now, env)
    if snapshot is None:
        return None
    if given.kind == "command":
        return None if snapshot.status in ENDED else COMMANDS[given.name](chart, snapshot, data, now, env)
    if snapshot.status in FINISHED:
        return None
    event = _sent(given, data, snapshot) if given.kind == "sent" else _event(given, data)
    return transition(chart, snapshot, event, now, env) if event else None


def _event(given: Input, data: dict[str, Any]) -> Event:
    source = "" if given.kind == "timer" else given.source
    return Event(given.name, data, source, given.occurred_at)


def _sent(given: Input, told: dict[str, Any], snapshot: Snapshot) -> Event | None:
    """The event of another instance; None when a child sent it that nobody waits for any more (SCXML 6.4)."""
    invocation = told.get("invocation", "")
    if invocation and invocation not in snapshot.awaited:
        return None
    return Event(
        given.name,
        told["data"],
        given.source,
        given.occurred_at,
        send_id=told.get("sendid", ""),
        origin=told.get("origin", ""),
        invoke_id=told.get("activity", ""),
    )


def _cancel(chart: Chart, snapshot: Snapshot, data: Mapping[str, Any], now: datetime, env: Environment) -> Step:
    return cancel(chart, snapshot, now, env)


def _retry(chart: Chart, snapshot: Snapshot, data: Mapping[str, Any], now: datetime, env: Environment) -> Step:
    if snapshot.status != "failed" and not snapshot.suspended:
        return _stays(chart, snapshot, data, now, env)
    if not snapshot.configuration:
        return start(chart, snapshot.context, now, env)
    return resume(chart, snapshot, now, env)


def _skip(chart: Chart, snapshot: Snapshot, data: Mapping[str, Any], now: datetime, env: Environment) -> Step:
    return skip(chart, snapshot, data["activity"], data, now, env)


def _move(chart: Chart, snapshot: Snapshot, data: Mapping[str, Any], now: datetime, env: Environment) -> Step:
    return move(chart, snapshot, data["state"], now, env)


def _stays(chart: Chart, snapshot: Snapshot, data: Mapping[str, Any], now: datetime, env: Environment) -> Step:
    """What concerns the runtime alone: to the chart nothing happens."""
    return Step(snapshot=snapshot, effects=(), microsteps=(), handled=True, errors=())


Command = Callable[[Chart, Snapshot, Mapping[str, Any], datetime, Environment], Step]
COMMANDS: Mapping[str, Command] = {
    "cancel": _cancel,
    "retry": _retry,
    "skip": _skip,
    "move": _move,
    "suspend": _stays,
    "resume": _stays,
}


def failed_start(given: Input) -> Snapshot:
    """Where an instance stands whose start could not be applied: failed, with the context kept for a retry."""
    context: dict[str, JSON] = json.loads(given.data)
    return Snapshot(context=context, status="failed")
