"""What can be applied to an instance, and how the core applies it: one function drains, replays and verifies."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.lifecycle import cancel, resume
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.transition import Environment, Event, Step, start, transition

ENDED = FINISHED - {"failed"}  # a failed instance can still be retried or cancelled


class Input(NamedTuple):
    """One claimed input; `data` is JSON text, a timer's `source` is its id. `attempts` counts batches it broke."""

    id: int
    instance: int
    kind: str
    name: str
    data: str
    source: str
    actor: str
    occurred_at: datetime
    attempts: int = 0


def step_of(chart: Chart, snapshot: Snapshot | None, given: Input, env: Environment) -> Step | None:
    """What the core makes of one input; None when there is nothing left to apply it to. Raises what the core raises."""
    data: dict[str, Any] = json.loads(given.data)
    now = given.occurred_at
    if given.kind == "start":
        return start(chart, data, now, env)
    if snapshot is None:
        return None
    if given.kind == "command":
        return _command(chart, snapshot, given.name, now, env)
    if snapshot.status in FINISHED:
        return None
    source = "" if given.kind == "timer" else given.source
    event = Event(name=given.name, data=data, source=source, occurred_at=now)
    return transition(chart, snapshot, event, now, env)


def _command(chart: Chart, snapshot: Snapshot, name: str, now: datetime, env: Environment) -> Step | None:
    if snapshot.status in ENDED:
        return None
    if name == "cancel":
        return cancel(chart, snapshot, now, env)
    if snapshot.status != "failed" and not snapshot.suspended:
        return Step(snapshot=snapshot, effects=(), microsteps=(), handled=True, errors=())
    if not snapshot.configuration:
        return start(chart, snapshot.context, now, env)
    return resume(chart, snapshot, now, env)


def failed_start(given: Input) -> Snapshot:
    """Where an instance stands whose start could not be applied: failed, with the context kept for a retry."""
    context: dict[str, JSON] = json.loads(given.data)
    return Snapshot(context=context, status="failed")
