"""What goes in and out where operators move, skip and migrate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Field

from orchestrator.api.schemas import Answer, Body, Name, OptionalName

MAX_AT_ONCE = 5_000
Code = Literal["event-gone", "timer-gone", "activity-gone", "undo-gone"]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class SkipBody(Body):
    activity: Name = Field(description="Id of the activity that runs or has failed.")
    result: Any = Field(None, description="What it counts as having answered; left out, it brings nothing.")
    reason: Name = Field(description="Why; it is journaled.")


class MoveBody(Body):
    state: Name = Field(description="Id of the state to enter.")
    reason: Name = Field(description="Why; it is journaled.")


class CommandOut(Answer):
    event: int
    instance: int


class WhereBody(Body):
    """Empty values do not narrow."""

    instances: list[Id] = Field(default_factory=list, max_length=1_000)
    versions: list[Number] = Field(default_factory=list, max_length=1_000)
    states: list[Name] = Field(
        default_factory=list, max_length=1_000, description="Innermost states, any of which is active."
    )
    status: OptionalName = ""
    key: OptionalName = Field(default="", description="A part of the business key.")


class MigrateBody(Body):
    to: Number = Field(description="Number of the version.")
    mapping: dict[str, str] = Field(default_factory=dict, description="Old state to new one, where the id is another.")
    accept: list[Code] = Field(default_factory=list, max_length=4, description="Losses that shall strand no instance.")
    where: WhereBody = WhereBody()
    reason: OptionalName = Field("", description="Why; it is journaled. Required unless it is a dry run.")
    dry_run: bool = Field(True, description="Only say what would become of the instances.")
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(0, description="`next` of the last answer.")
    limit: Annotated[int, Field(ge=1, le=MAX_AT_ONCE)] = MAX_AT_ONCE


class RolloutBody(Body):
    weights: dict[Annotated[str, Field(pattern="^[1-9][0-9]{0,8}$")], Annotated[int, Field(ge=1, le=100)]] = Field(
        max_length=10, description="Weight by the number of the version, 100 together; empty: all in the current one."
    )


class RolloutOut(Answer):
    weights: dict[str, int]


class ReasonOut(Answer):
    code: str
    state: str
    message: str
    mend: str
    count: int
    instances: list[int] = Field(description="Some of them.")


class MigrationOut(Answer):
    fits: int
    needs_mapping: int
    stranded: int
    asked: int = Field(description="Instances that were given the command; each is judged again when it is applied.")
    reasons: list[ReasonOut]
    notes: list[ReasonOut] = Field(description="Losses that keep no instance from going on.")
    next: int | None = Field(description="Value of `after` for the following piece; null at the end.")
