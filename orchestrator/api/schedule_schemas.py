"""What goes in and out about schedules; bounds that only a rule's reader knows are checked by the command."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from orchestrator.api.schemas import Answer, Body, Data, Moment, Name, printable
from orchestrator.schedules.recurrence import LONGEST_RULE, Kind

RuleText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_RULE), AfterValidator(printable)]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(printable)]


class RuleBody(Body):
    kind: Kind
    rule: RuleText = Field(
        description="cron: five fields; interval: an ISO 8601 duration; calendar: an RRULE (RFC 5545), DAILY or longer."
    )
    zone: Zone = Field("UTC", description="Name in the IANA database, such as Europe/Berlin.")
    starts_at: AwareDatetime | None = Field(
        None, description="First possible time, and what an interval or a calendar counts from; by default 2000-01-01."
    )


class ScheduleBody(RuleBody):
    context: Data = Field(default_factory=dict, description="Values which each instance starts with.")
    catch_up: Literal["skip", "one", "all"] = Field("one", description="What becomes of times that were missed.")
    overlap: Literal["allow", "skip", "cancel-old", "queue-one"] = Field(
        "allow", description="What happens when an instance of this schedule is still running."
    )


class NewScheduleBody(ScheduleBody):
    name: Name = Field(description="Unique in its machine; the keys of its instances are <name>/<time>.")


class BackfillBody(Body):
    from_at: Moment = Field(alias="from")
    to_at: Moment = Field(alias="to")
    dry_run: bool = Field(False, description="Only count; nothing is stored.")


class PreviewOut(Answer):
    words: str
    times: list[datetime]


class FiringOut(Answer):
    due: datetime
    outcome: str
    message: str
    instance: int | None
    fired_at: datetime


class ScheduleOut(Answer):
    name: str
    machine: str
    kind: str
    rule: str
    zone: str
    starts_at: datetime | None
    context: Data
    catch_up: str
    overlap: str
    paused: bool
    next_at: datetime | None = Field(description="Null when no time follows any more.")
    queued_for: datetime | None = Field(description="The time that waits for a running instance to end.")
    last: FiringOut | None = Field(description="What became of the latest time.")


class SchedulesOut(Answer):
    schedules: list[ScheduleOut]


class FiringsOut(Answer):
    firings: list[FiringOut]


class BackfillPlanOut(Answer):
    total: int
    existing: int = Field(description="Times which have fired already and start nothing.")


class BackfillOut(BackfillPlanOut):
    id: int
    from_at: datetime = Field(serialization_alias="from")
    to_at: datetime = Field(serialization_alias="to")
    started: int
    refused: int
    requested_at: datetime
    finished_at: datetime | None = Field(description="Null while it is at work.")


class BackfillsOut(Answer):
    backfills: list[BackfillOut]
