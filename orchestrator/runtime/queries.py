"""The read side: small frozen values for screens and the API. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.statechart.definition import JSON


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many instances of a machine stand in a leaf state, how many of them have an open incident, the longest wait."""

    state: str
    count: int
    stuck: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class MachineSummary:
    machine: int
    running: int
    finished: int
    failed: int
    stuck: int
    finished_today: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of an instance's history; `detail` has entered, exited, changes, log, message."""

    seq: int
    kind: str
    name: str
    outcome: str
    data: dict[str, JSON]
    detail: dict[str, JSON]
    source: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ThroughputPoint:
    at: datetime
    events: int


def state_counts(machine: int, version: int | None = None) -> list[StateCount]:
    """Instances per leaf state over all statuses, in the current version's document order, unknown states last."""
    raise NotImplementedError


def summaries(machines: list[int]) -> dict[int, MachineSummary]:
    raise NotImplementedError


def journal(instance: int, after: int = 0, limit: int = 200) -> list[JournalRow]:
    """Rows with seq > after, oldest first."""
    raise NotImplementedError


def journal_outcomes(source: str, machine: int) -> dict[str, int]:
    """How many journal rows of events from this source were applied and ignored."""
    raise NotImplementedError


def pending(machine: int | None = None) -> int:
    """Inbox rows that wait to be applied."""
    raise NotImplementedError


def throughput(machine: int | None, since: datetime, buckets: int = 60) -> list[ThroughputPoint]:
    """Applied journal rows in equal buckets from `since` to now."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Health:
    """Age in seconds of the newest sign of life, None if never; plus the queue and overdue timers."""

    workers: int
    worker_age: float | None
    beat_age: float | None
    pending: int
    overdue_timers: int


def health() -> Health:
    raise NotImplementedError
