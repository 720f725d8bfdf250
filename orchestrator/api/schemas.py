"""What goes in and out, as documented under /api/v1/docs. Names are camelCase as in the chart document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

MAX_EVENTS = 1_000
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=1)


def printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters are not allowed")
    return text


def _plausible(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= timezone.now() + CLOCK_SKEW:
        raise ValueError("must be a time after 1900 and not in the future")
    return moment


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
OptionalName = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
Data = dict[str, Any]


class Body(Schema):
    """A misspelt field is refused rather than silently dropped."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=False)


class Answer(Schema):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class StartBody(Body):
    key: Name = Field(description="Business key; the keyPolicy of its machine says what one that is taken means.")
    context: Data = Field(default_factory=dict, description="Values which override the chart's initial context.")
    correlation: OptionalName = ""
    occurred_at: Moment | None = Field(None, description="When it happened, with an offset; by default now.")


class EventBody(Body):
    event: Name = Field(description="Name of the event.")
    data: Data = Field(default_factory=dict)
    idempotency_key: OptionalName = Field("", description="The same key and payload again is accepted once.")
    occurred_at: Moment | None = Field(None, description="When it happened, with an offset; by default now.")
    source: OptionalName = Field(
        "", description="Who says so; idempotency keys are unique in it. By default the token's name."
    )


class BulkEvent(EventBody):
    instance: Name = Field(description="Business key of the instance.")
    start: bool = Field(False, description="Start an instance first when there is none of this key.")


class BulkBody(Body):
    events: list[BulkEvent] = Field(min_length=1, max_length=MAX_EVENTS)


class Started(Answer):
    id: int
    key: str
    created: bool


class EventAnswer(Answer):
    status: Literal["accepted", "duplicate", "refused"]
    event: int | None = None
    instance: int | None = None
    code: str = ""
    message: str = ""
    field: str = ""


class BulkAnswer(Answer):
    accepted: int
    duplicate: int
    refused: int
    items: list[EventAnswer]


class InstanceOut(Answer):
    id: int
    key: str
    correlation: str
    version: int
    status: str
    states: list[str]
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    stuck: bool


class InstanceDetailOut(InstanceOut):
    machine: str
    seq: int
    pending: int
    context: Data
    entered: dict[str, datetime]


class InstancesOut(Answer):
    instances: list[InstanceOut]
    total: int
    page: int
    pages: int


class JournalOut(Answer):
    seq: int
    kind: str
    name: str
    outcome: str
    data: Data
    detail: Data
    source: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime


class JournalPage(Answer):
    entries: list[JournalOut]
    next: int | None = Field(description="Value of `after` for the following page; null at the end.")


class MachineOut(Answer):
    slug: str
    title: str
    description: str
    version: int | None = Field(description="Number of the current version; null while unpublished.")
    key_policy: str = Field(
        description="What a start means whose key is taken: existing answers that instance, refuse is 409, "
        "new starts a further run once the last has ended."
    )


class MachinesOut(Answer):
    machines: list[MachineOut]


class StateOut(Answer):
    state: str
    title: str
    count: int
    stuck: int
    oldest: datetime | None


class SummaryOut(Answer):
    machine: str
    running: int
    finished: int
    failed: int
    stuck: int
    pending: int = Field(description="Accepted inputs that wait to be applied.")
    states: list[StateOut]
    outcomes: dict[str, int] = Field(description="Journaled events of the asked source: applied, ignored, error.")


class ErrorDetail(Answer):
    code: str
    message: str
    field: str


class ErrorOut(Answer):
    error: ErrorDetail


class AnswerTaskBody(Body):
    answer: Data = Field(default_factory=dict, description="A value for each field of the task's form.")


class ReleaseTaskBody(Body):
    reason: OptionalName = Field("", description="Why; it stays in the history.")


class ReassignTaskBody(ReleaseTaskBody):
    to: Name = Field(description="Username of who shall do it.")


class RejectTaskBody(Body):
    reason: Name = Field(description="Why; the instance receives it as the message of the error.")
    error_class: OptionalName = Field(
        "Rejected", description="Class of the error, for the machine to tell cases apart."
    )


class TaskOut(Answer):
    id: int
    title: str
    status: Literal["waiting", "done", "failed", "cancelled"]
    assignee: str
    group: str
    due: datetime | None
    overdue: bool
    created_at: datetime
    finished_at: datetime | None
    machine: str
    instance: int
    key: str
    state: str


class TaskFieldOut(Answer):
    name: str
    label: str
    type: str
    required: bool
    options: list[str]
    default: Any


class TaskEntryOut(Answer):
    action: str
    actor: str
    reason: str
    detail: str
    at: datetime


class TaskDetailOut(TaskOut):
    instructions: str
    form: list[TaskFieldOut]
    answer: Data
    answered_by: str
    history: list[TaskEntryOut]


class TasksOut(Answer):
    tasks: list[TaskOut]
    total: int
    page: int
    pages: int
