"""An instance as it moves through a batch, and what the journal says of each of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from orchestrator.runtime.writes import InstanceWrite
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.jsontext import dumps
from orchestrator.statechart.snapshot import Snapshot, from_json, to_json
from orchestrator.statechart.steps import Environment, Microstep

MAX_SNAPSHOT = 2_000_000  # characters; a step that would grow an instance past this is refused
MAX_SHOWN = 2_000  # characters of one changed value shown in the journal's detail


class TooLarge(Exception):
    """A step would make the instance larger than it may be."""


@dataclass(slots=True)
class Live:
    """An instance in memory; `text` is the stored snapshot, `expected` the seq that was read: the fence."""

    id: int
    machine: int
    version: int
    part: str
    key: str
    status: str
    configuration: str
    text: str
    seq: int
    updated_at: datetime
    next_due: datetime | None
    parent: int | None
    invocation: str
    activity: str
    depth: int
    snapshot: Snapshot | None = None
    expected: int = 0
    env: Environment = field(init=False)
    _written: Snapshot | None = None

    def __post_init__(self) -> None:
        self.expected = self.seq
        self.env = Environment(self.id, self.key, parent=self.parent is not None)

    def read(self) -> Snapshot | None:
        """The snapshot, read when first needed, so that a damaged one fails its own input only."""
        if self.snapshot is None and self.seq:
            self.snapshot = self._written = from_json(self.text)
        return self.snapshot

    def write(self) -> InstanceWrite:
        """The row to store."""
        if self.snapshot is not None:
            self._text_of(self.snapshot)
        return InstanceWrite(
            self.id,
            self.expected,
            self.seq,
            self.version,
            self.status,
            self.configuration,
            self.text,
            self.updated_at,
            self.next_due,
        )

    def refuse_growth(self, after: Snapshot) -> None:
        """A step may only make the instance as large as it may be. Raises TooLarge."""
        before = self.snapshot
        if before is after or (before is not None and before.context is after.context):
            return
        size = len(self._text_of(after))
        if size > MAX_SNAPSHOT:
            self._written = None
            raise TooLarge(
                f"the instance would hold {size} characters, more than {MAX_SNAPSHOT}; keep less in its context"
            )

    def _text_of(self, snapshot: Snapshot) -> str:
        """The text of this snapshot, worked out once."""
        if snapshot is not self._written:
            self.text, self._written = to_json(snapshot), snapshot
        return self.text


@dataclass(slots=True)
class Detail:
    """What the journal says of one input; `as_text` is its JSON, without what is empty."""

    microsteps: Sequence[Microstep] = ()
    changes: dict[str, list[Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    message: str = ""
    errors: Sequence[str] = ()

    def as_text(self) -> str:
        moved = _moved(tuple(self.microsteps)) if self.microsteps else ""
        more = {
            name: value
            for name, value in (
                ("changes", self.changes),
                ("log", self.log),
                ("message", self.message),
                ("errors", self.errors),
            )
            if value
        }
        rest = dumps(more)[1:-1] if more else ""
        return f"{{{moved}{',' if moved and rest else ''}{rest}}}"


@lru_cache(maxsize=4_096)
def _moved(microsteps: tuple[Microstep, ...]) -> str:
    """The moves as the inside of a JSON object; instances of one chart make the same few moves again and again."""
    told = {
        "entered": [state for step in microsteps for state in step.entered],
        "exited": [state for step in microsteps for state in step.exited],
        "transitions": [ref for step in microsteps for ref in step.transitions],
    }
    return dumps({name: value for name, value in told.items() if value})[1:-1]


def leaves(chart: Chart, configuration: tuple[str, ...]) -> str:
    """The active leaf states joined by one space."""
    known = chart.derived.setdefault("leaves", {})
    assert isinstance(known, dict)
    found: str | None = known.get(configuration)
    if found is None:
        found = " ".join(state for state in configuration if not chart.states[state].children)
        if len(known) < 10_000:
            known[configuration] = found
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Context keys whose value changed, as [old, new]; a long value is shown shortened."""
    if before is after:
        return {}
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: [_shown(before.get(key)), _shown(after.get(key))] for key in keys}


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = dumps(value)
    return value if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
