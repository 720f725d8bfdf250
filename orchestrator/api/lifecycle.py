"""What operators do over the API: skip an activity, move an instance, take instances over, spread new starts."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest
from ninja import Router, Status

from orchestrator.api.access import actor_of, readable_machine, writable_instance, writable_machine
from orchestrator.api.machines import REFUSALS
from orchestrator.api.migration_schemas import (
    CommandOut,
    MigrateBody,
    MigrationOut,
    MoveBody,
    ReasonOut,
    RolloutBody,
    RolloutOut,
    SkipBody,
)
from orchestrator.api.schemas import ErrorOut
from orchestrator.definitions.models import Machine
from orchestrator.definitions.rollout import RolloutError, set_rollout, weights_of
from orchestrator.runtime import commands
from orchestrator.statechart.migration import Reason

instances = Router(tags=["instances"], by_alias=True)
machines = Router(tags=["machines"], by_alias=True)


@instances.post(
    "/{int:pk}/skip",
    response={202: CommandOut, REFUSALS: ErrorOut},
    summary="Take an activity that runs or has failed as done",
)
def skip(request: HttpRequest, pk: int, payload: SkipBody) -> Status[CommandOut]:
    found = writable_instance(request, pk)
    given = payload.model_dump(include={"result"}, exclude_unset=True)
    accepted = commands.skip(found.row.id, payload.activity, given, payload.reason, actor_of(request))
    return Status(202, CommandOut(event=accepted.event, instance=accepted.instance))


@instances.post(
    "/{int:pk}/move",
    response={202: CommandOut, REFUSALS: ErrorOut},
    summary="Leave all active states and enter this one; actions run",
)
def move(request: HttpRequest, pk: int, payload: MoveBody) -> Status[CommandOut]:
    found = writable_instance(request, pk)
    accepted = commands.move(found.row.id, payload.state, payload.reason, actor_of(request))
    return Status(202, CommandOut(event=accepted.event, instance=accepted.instance))


@machines.post(
    "/{slug:slug}/migrate",
    response={200: MigrationOut, 202: MigrationOut, REFUSALS: ErrorOut},
    summary="Let running instances go on in another version: 200 for a dry run, 202 once the commands are committed",
)
def migrate(request: HttpRequest, slug: str, payload: MigrateBody) -> Status[MigrationOut]:
    machine = writable_machine(request, slug)
    values = payload.model_dump(include={"to", "mapping", "accept", "reason", "after", "limit"})
    wanted = commands.MigrationRequest(machine=machine.slug, **values, **payload.where.model_dump())
    report = commands.migrate(wanted, actor_of(request), dry_run=payload.dry_run)
    answer = MigrationOut(
        fits=report.kinds["fits"],
        needs_mapping=report.kinds["needs-mapping"],
        stranded=report.kinds["stranded"],
        asked=report.asked,
        reasons=_counted(report.reasons, report.samples),
        notes=_counted(report.notes, report.samples),
        next=report.next,
    )
    return Status(200 if payload.dry_run else 202, answer)


@machines.get(
    "/{slug:slug}/rollout", response={200: RolloutOut, REFUSALS: ErrorOut}, summary="Weights of versions for new starts"
)
def read_rollout(request: HttpRequest, slug: str) -> RolloutOut:
    return _rollout_out(readable_machine(request, slug))


@machines.put(
    "/{slug:slug}/rollout",
    response={200: RolloutOut, REFUSALS: ErrorOut},
    summary="Spread new starts over versions by weights",
)
def write_rollout(request: HttpRequest, slug: str, payload: RolloutBody) -> RolloutOut:
    machine = writable_machine(request, slug)
    try:
        set_rollout(machine, {int(number): weight for number, weight in payload.weights.items()})
    except RolloutError as error:
        raise commands.CommandError("invalid", str(error), "weights") from error
    return _rollout_out(machine)


def _rollout_out(machine: Machine) -> RolloutOut:
    return RolloutOut(weights={str(number): weight for number, weight in weights_of(machine).items()})


def _counted(reasons: Mapping[Reason, int], samples: Mapping[Reason, list[int]]) -> list[ReasonOut]:
    """The most frequent first."""
    return [
        ReasonOut(
            code=reason.code,
            state=reason.state,
            message=reason.message,
            mend=reason.mend,
            count=count,
            instances=samples[reason],
        )
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1])
    ]
