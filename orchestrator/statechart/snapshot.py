"""Where an instance stands: a frozen value that round-trips through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

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

    `entered` holds when each active state was entered (event time). `invocations` maps the id of a running activity to its
    invocation. `undoables` are completed activities with a compensation, oldest first. `counter` numbers invocations.
    """

    configuration: tuple[str, ...] = ()
    context: Mapping[str, JSON] = field(default_factory=dict)
    history: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entered: Mapping[str, datetime] = field(default_factory=dict)
    invocations: Mapping[str, str] = field(default_factory=dict)
    undoables: tuple[Undoable, ...] = ()
    compensating: str | None = None
    counter: int = 0
    status: Status = "running"
