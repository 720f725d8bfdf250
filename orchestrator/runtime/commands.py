"""The only way into the runtime. Each call commits before it returns; what it returned is never lost.

Refusals are `CommandError`s with a `code` which the faces (REST, admin, shell) map to their own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestrator.statechart.definition import JSON

ErrorCode = Literal["unknown-machine", "not-published", "unknown-instance", "finished", "conflict", "too-large", "invalid"]


class CommandError(Exception):
    """A refusal: nothing was stored. `field` names the offending input, `message` says the mend."""

    def __init__(self, code: ErrorCode, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class StartRequest:
    """`key` is the business key; the same key again returns the existing instance (`created=False`)."""

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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is committed. `duplicate` means that the same key with the same payload was accepted before."""

    event: int
    instance: int
    duplicate: bool = False


def start(request: StartRequest, actor: str = "") -> Started:
    """Start one instance of the machine's current version. Raises CommandError."""
    raise NotImplementedError


def start_many(requests: Sequence[StartRequest], actor: str = "") -> list[Started | CommandError]:
    """Start many in one transaction with one answer per item; a refused item does not stop the others."""
    raise NotImplementedError


def send(request: EventRequest, actor: str = "") -> Accepted:
    """Accept one event for one instance. Raises CommandError."""
    raise NotImplementedError


def send_many(requests: Sequence[EventRequest], actor: str = "") -> list[Accepted | CommandError]:
    """Accept many (order kept per instance) in one transaction with one answer per item."""
    raise NotImplementedError


def cancel(instance: int, reason: str, actor: str) -> Accepted:
    """Ask an instance to stop; journaled with who and why. Raises CommandError when unknown or finished."""
    raise NotImplementedError


def retry(instance: int, reason: str, actor: str) -> int:
    """Try the failed activities of an instance again at once; returns how many. A failed instance runs again."""
    raise NotImplementedError
