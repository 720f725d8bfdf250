"""What a step asks the world to do: plain values which the runtime carries out after the step is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.statechart.definition import JSON, Chart, Retry


@dataclass(frozen=True, slots=True)
class StartActivity:
    """Start a side effect. `invocation` is unique in the instance's life and names its result event's data."""

    invocation: str
    activity: str
    kind: str
    title: str
    state: str
    input: Mapping[str, JSON]
    timeout: float  # seconds per attempt
    retry: Retry
    idempotency_key: str | None
    compensates: str | None = None  # the invocation which this one undoes
    chart: Chart | None = None  # of a child instance, when it does not name its machine in `input.src`


@dataclass(frozen=True, slots=True)
class CancelActivity:
    """The state that wanted this result was left; a late result is recorded but not applied."""

    invocation: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Deliver `event` at `due` unless cancelled; setting the same id again replaces it.

    `send_id` is the id that the chart itself gave to the event.
    """

    id: str
    event: str
    due: datetime
    data: JSON
    send_id: str = ""


@dataclass(frozen=True, slots=True)
class SendTo:
    """Deliver an event to another instance at `due`; `id` is that of a timer, for `CancelTimer`.

    `target` is `#_parent`, `#_scxml_<session>`, `#_<invoke id>` with its `invocation`, or a URL. One that cannot be
    reached is told to the sender as `error.communication`.
    """

    id: str
    target: str
    event: str
    due: datetime
    data: JSON
    send_id: str = ""
    invocation: str = ""


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish an event to a topic; without a `key` it keeps its order among those of the instance."""

    topic: str
    event: str
    data: JSON
    key: str = ""


@dataclass(frozen=True, slots=True)
class CancelTimer:
    id: str


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """`state` was entered at `entered` and should be left by `due`; later than that it is overdue."""

    state: str
    entered: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class ClearDeadline:
    state: str


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """Something needs a person; `kind` is `activity-failed`, `compensation-failed` or `timeout-not-set`."""

    kind: str
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class LogMessage:
    message: str


Effect = (
    StartActivity
    | CancelActivity
    | SetTimer
    | SendTo
    | Emit
    | CancelTimer
    | SetDeadline
    | ClearDeadline
    | OpenIncident
    | LogMessage
)
