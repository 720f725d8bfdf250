"""The values of a step: what comes in, what a micro step did, and what the whole step leaves behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.effects import Effect
from orchestrator.statechart.snapshot import Snapshot

EventKind = Literal["platform", "internal", "external"]
MAX_MICROSTEPS = 1_000
MAX_QUEUE = 1_000
MAX_ACTIONS = 10_000


class LoopError(Exception):
    """A step that feeds itself was stopped; the text names the transitions that went round."""


NO_DATA: dict[str, JSON] = {}


class Event(NamedTuple):
    """Something that happened. `occurred_at` is when, if that is known; a step takes its time from `now`.

    The rest is what SCXML 5.10.1 tells of an event: its kind, the id under which it was sent, the address which an
    answer reaches, and the id of the child instance that sent it.
    """

    name: str
    data: JSON = NO_DATA
    source: str = ""
    occurred_at: datetime | None = None
    kind: EventKind = "external"
    send_id: str = ""
    origin: str = ""
    invoke_id: str = ""

    @property
    def fields(self) -> Mapping[str, JSON]:
        """The data where it is an object, and nothing where it is another value."""
        return self.data if isinstance(self.data, dict) else {}


class Environment(NamedTuple):
    """What expressions may know of the instance, and the budget of one step.

    `session` is the id under which other instances reach it (SCXML: _sessionid), by default its own id; `parent` says
    that another instance waits for it, so that `#_parent` leads somewhere; `reachable` are the sessions that are there,
    None when only the runtime can tell; `access` is the URL at which it takes events, if it has one (SCXML C.2).
    """

    instance_id: int
    instance_key: str
    max_microsteps: int = MAX_MICROSTEPS
    session: str = ""
    parent: bool = False
    reachable: Collection[str] | None = None
    access: str = ""

    @property
    def session_id(self) -> str:
        return self.session or str(self.instance_id)


class Microstep(NamedTuple):
    """One set of transitions taken together: states in the order they were left and entered, refs of transitions."""

    event: str | None
    transitions: tuple[str, ...]
    exited: tuple[str, ...]
    entered: tuple[str, ...]


class Step(NamedTuple):
    """A macrostep. `handled` says whether the event had any effect; `errors` are failed expressions, in order."""

    snapshot: Snapshot
    effects: tuple[Effect, ...]
    microsteps: tuple[Microstep, ...]
    handled: bool
    errors: tuple[str, ...]
