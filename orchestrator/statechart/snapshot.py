"""Where an instance stands: a frozen value that round-trips through JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.jsontext import dumps

Status = Literal["running", "completed", "failed", "compensating", "compensated", "cancelled"]
FINISHED: frozenset[str] = frozenset({"completed", "failed", "compensated", "cancelled"})


@dataclass(frozen=True, slots=True)
class Undoable:
    """A completed activity which can be undone."""

    invocation: str
    activity: str
    result: JSON


@dataclass(frozen=True, slots=True)
class Fan:
    """How far an activity is that is done once for each item of a list.

    `results` and `ended` have one entry per item; `running` maps an invocation to the index of its item, and `failed`
    holds the indexes of items whose attempts are used up, which a retry starts anew. All items before `begun` have been
    started, so that a long list need not be searched after each answer.
    """

    items: tuple[JSON, ...]
    results: tuple[JSON, ...]
    ended: tuple[bool, ...]
    running: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[int, ...] = ()
    begun: int = 0


NOTHING: Mapping[str, Any] = {}


class Snapshot(NamedTuple):
    """All that a step needs of the past. `configuration` lists all active states in document order.

    `entered` holds when each active state was entered (event time). `invocations` maps the id of a running activity to
    its invocation; `suspended` are activities that were stopped by a failure and start anew on a retry; `fired` are
    timeouts that came while their state went on, which a retry does not set again. `undoables` are completed activities
    with a compensation, oldest first; `compensating` is the invocation of the running compensation, which undoes the
    last of them. `counter` numbers invocations. `fans` are activities that are done for each item of a list; `bound`
    are states whose late data have been set. `output` is what the instance gave back when it reached its final state.
    """

    configuration: tuple[str, ...] = ()
    context: Mapping[str, JSON] = NOTHING
    history: Mapping[str, tuple[str, ...]] = NOTHING
    entered: Mapping[str, datetime] = NOTHING
    invocations: Mapping[str, str] = NOTHING
    suspended: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    undoables: tuple[Undoable, ...] = ()
    compensating: str | None = None
    counter: int = 0
    status: Status = "running"
    fans: Mapping[str, Fan] = NOTHING
    bound: tuple[str, ...] = ()
    output: JSON = None

    @property
    def awaited(self) -> list[str]:
        """The invocations of all runs whose answers are still waited for."""
        single = [name for activity, name in self.invocations.items() if activity not in self.fans]
        parts = [name for fan in self.fans.values() for name in fan.running]
        return [*single, *parts, *([self.compensating] if self.compensating else [])]


PLAIN = (
    "configuration",
    "context",
    "history",
    "invocations",
    "suspended",
    "fired",
    "compensating",
    "counter",
    "bound",
)  # fields whose values JSON takes as they are


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as compact JSON text; what is empty is left out."""
    filled: dict[str, Any] = {"status": snapshot.status}
    for name in PLAIN:
        value = getattr(snapshot, name)
        if value:
            filled[name] = value
    if snapshot.entered:
        filled["entered"] = {state: at.isoformat() for state, at in snapshot.entered.items()}
    if snapshot.undoables:
        filled["undoables"] = [[done.invocation, done.activity, done.result] for done in snapshot.undoables]
    if snapshot.fans:
        filled["fans"] = {
            n: [f.items, f.results, f.ended, f.running, f.failed, f.begun] for n, f in snapshot.fans.items()
        }
    if snapshot.output is not None:
        filled["output"] = snapshot.output
    return dumps(filled)


def from_json(text: str) -> Snapshot:
    """The snapshot of a text that `to_json` wrote. Raises ValueError for any other text."""
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("a snapshot is not nested this deeply") from None
    if not isinstance(values, dict):
        raise ValueError("a snapshot is a JSON object")
    try:
        return Snapshot(**{name: READ[name](value) if name in READ else value for name, value in values.items()})
    except (TypeError, AttributeError) as error:
        raise ValueError(f"this is no snapshot: {error}") from error


def _fan(
    items: list[JSON],
    results: list[JSON],
    ended: list[bool],
    running: dict[str, int],
    failed: list[int],
    begun: int = 0,
) -> Fan:
    return Fan(tuple(items), tuple(results), tuple(ended), running, tuple(failed), begun)


READ: Mapping[str, Callable[[Any], Any]] = {
    "configuration": tuple,
    "history": lambda kept: {state: tuple(states) for state, states in kept.items()},
    "entered": lambda times: {state: datetime.fromisoformat(at) for state, at in times.items()},
    "suspended": tuple,
    "fired": tuple,
    "undoables": lambda done: tuple(Undoable(*each) for each in done),
    "fans": lambda fans: {name: _fan(*parts) for name, parts in fans.items()},
    "bound": tuple,
}  # how the fields are read that JSON does not hold as they are
