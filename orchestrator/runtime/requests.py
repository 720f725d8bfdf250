"""The values of the way in: what is asked for and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from orchestrator.statechart.definition import JSON


@dataclass(frozen=True, slots=True)
class StartRequest:
    """`key` is the business key; the machine's key policy says what the same key again means."""

    machine: str
    key: str
    context: dict[str, JSON] = field(default_factory=dict)
    correlation: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    instance: int
    key: str
    created: bool


@dataclass(frozen=True, slots=True)
class EventRequest:
    """`instance` is the id; or `machine` and `key` name it. With `start` an unknown key starts an instance first."""

    name: str
    data: dict[str, JSON] = field(default_factory=dict)
    instance: int | None = None
    machine: str = ""
    key: str = ""
    start: bool = False
    source: str = ""
    idempotency_key: str = ""
    occurred_at: datetime | None = None


class Published(NamedTuple):
    """An event for a topic; `source` and `id` name it wherever it goes, and those of one `key` keep their order."""

    topic: str
    type: str
    data: str  # JSON
    key: str
    source: str
    id: str
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is committed. `duplicate` means that the same key with the same payload was accepted before."""

    event: int
    instance: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts on a human task; `actor` is how the journal names them, `manages` lets them act over others."""

    username: str
    actor: str
    manages: bool = False
