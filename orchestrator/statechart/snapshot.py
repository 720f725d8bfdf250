"""Where an instance stands: a frozen value that round-trips through JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from orchestrator.statechart.definition import JSON

Status = Literal["running", "completed", "failed", "compensating", "compensated", "cancelled"]
FINISHED: frozenset[str] = frozenset({"completed", "failed", "compensated", "cancelled"})


@dataclass(frozen=True, slots=True)
class Undoable:
    """A completed activity which can be undone."""

    invocation: str
    activity: str
    result: JSON


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a step needs of the past. `configuration` lists all active states in document order.

    `entered` holds when each active state was entered (event time). `invocations` maps the id of a running activity to
    its invocation; `suspended` are activities that were stopped by a failure and start anew on a retry; `fired` are
    timeouts that came while their state went on, which a retry does not set again. `undoables` are completed activities
    with a compensation, oldest first; `compensating` is the invocation of the running compensation, which undoes the
    last of them. `counter` numbers invocations.
    """

    configuration: tuple[str, ...] = ()
    context: Mapping[str, JSON] = field(default_factory=dict)
    history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entered: Mapping[str, datetime] = field(default_factory=dict)
    invocations: Mapping[str, str] = field(default_factory=dict)
    suspended: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    undoables: tuple[Undoable, ...] = ()
    compensating: str | None = None
    counter: int = 0
    status: Status = "running"


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as compact JSON text; what is empty is left out."""
    values: dict[str, Any] = {
        "configuration": snapshot.configuration,
        "context": snapshot.context,
        "history": snapshot.history,
        "entered": {state: at.isoformat() for state, at in snapshot.entered.items()},
        "invocations": snapshot.invocations,
        "suspended": snapshot.suspended,
        "fired": snapshot.fired,
        "undoables": [[done.invocation, done.activity, done.result] for done in snapshot.undoables],
        "compensating": snapshot.compensating,
        "counter": snapshot.counter,
    }
    filled = {name: value for name, value in values.items() if value}
    return json.dumps({"status": snapshot.status, **filled}, separators=(",", ":"), default=dict)


def from_json(text: str) -> Snapshot:
    """The snapshot of a text that `to_json` wrote. Raises ValueError for any other text."""
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("a snapshot is not nested this deeply") from None
    if not isinstance(values, dict):
        raise ValueError("a snapshot is a JSON object")
    try:
        return Snapshot(
            configuration=tuple(values.get("configuration", ())),
            context=values.get("context", {}),
            history={state: tuple(states) for state, states in values.get("history", {}).items()},
            entered={state: datetime.fromisoformat(at) for state, at in values.get("entered", {}).items()},
            invocations=values.get("invocations", {}),
            suspended=tuple(values.get("suspended", ())),
            fired=tuple(values.get("fired", ())),
            undoables=tuple(Undoable(*done) for done in values.get("undoables", ())),
            compensating=values.get("compensating"),
            counter=values.get("counter", 0),
            status=values.get("status", "running"),
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"this is no snapshot: {error}") from error
