"""Schedules of a machine: make, change, pause, preview, backfill; what became of their times."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from ninja import Router, Status

from orchestrator.api.access import actor_of, readable_machine, writable_machine
from orchestrator.api.machines import REFUSALS
from orchestrator.api.schedule_schemas import (
    BackfillBody,
    BackfillOut,
    BackfillPlanOut,
    BackfillsOut,
    FiringOut,
    FiringsOut,
    NewScheduleBody,
    PreviewOut,
    RuleBody,
    ScheduleBody,
    ScheduleOut,
    SchedulesOut,
)
from orchestrator.api.schemas import ErrorOut
from orchestrator.definitions.models import Machine
from orchestrator.schedules import commands, queries
from orchestrator.schedules.commands import Draft
from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.schedules.queries import ScheduleRow
from orchestrator.schedules.recurrence import Recurrence

ALL = "/{slug:slug}/schedules"
ONE = ALL + "/{slug:name}"
router = Router(tags=["schedules"], by_alias=True)
rules = Router(tags=["schedules"], by_alias=True)


@rules.post("/preview", response={200: PreviewOut, REFUSALS: ErrorOut}, summary="The next 10 times of a rule")
def preview(request: HttpRequest, payload: RuleBody) -> PreviewOut:
    found = queries.preview(_recurrence(payload))
    return PreviewOut(words=found.words, times=found.times)


@router.get(ALL, response={200: SchedulesOut, REFUSALS: ErrorOut}, summary="Schedules of a machine")
def list_schedules(request: HttpRequest, slug: str) -> SchedulesOut:
    rows = queries.listed([readable_machine(request, slug).pk])
    return SchedulesOut(schedules=[_out(row) for row in rows])


@router.post(ALL, response={201: ScheduleOut, REFUSALS: ErrorOut}, summary="Make a schedule")
def create_schedule(request: HttpRequest, slug: str, payload: NewScheduleBody) -> Status[ScheduleOut]:
    machine = writable_machine(request, slug)
    made = commands.create(machine, payload.name, _draft(payload), actor_of(request))
    return Status(201, _out(queries.one(made)))


@router.get(ONE, response={200: ScheduleOut, REFUSALS: ErrorOut}, summary="One schedule")
def read_schedule(request: HttpRequest, slug: str, name: str) -> ScheduleOut:
    return _out(queries.one(_readable(request, slug, name)))


@router.put(ONE, response={200: ScheduleOut, REFUSALS: ErrorOut}, summary="Change a schedule as a whole")
def change_schedule(request: HttpRequest, slug: str, name: str, payload: ScheduleBody) -> ScheduleOut:
    found = _writable(request, slug, name)
    return _out(queries.one(commands.change(found.pk, _draft(payload), actor_of(request))))


@router.delete(ONE, response={204: None, REFUSALS: ErrorOut}, summary="Delete a schedule; its instances stay")
def delete_schedule(request: HttpRequest, slug: str, name: str) -> Status[None]:
    commands.remove(_writable(request, slug, name).pk)
    return Status(204, None)


@router.post(ONE + "/pause", response={200: ScheduleOut, REFUSALS: ErrorOut}, summary="Start nothing until resumed")
def pause_schedule(request: HttpRequest, slug: str, name: str) -> ScheduleOut:
    found = _writable(request, slug, name)
    return _out(queries.one(commands.pause(found.pk, actor_of(request))))


@router.post(
    ONE + "/resume", response={200: ScheduleOut, REFUSALS: ErrorOut}, summary="Go on with the next time after now"
)
def resume_schedule(request: HttpRequest, slug: str, name: str) -> ScheduleOut:
    found = _writable(request, slug, name)
    return _out(queries.one(commands.resume(found.pk, actor_of(request))))


@router.get(
    ONE + "/firings", response={200: FiringsOut, REFUSALS: ErrorOut}, summary="What became of the latest 50 times"
)
def list_firings(request: HttpRequest, slug: str, name: str) -> FiringsOut:
    rows = queries.history(_readable(request, slug, name))
    return FiringsOut(firings=[_firing_out(row) for row in rows])


@router.get(ONE + "/backfills", response={200: BackfillsOut, REFUSALS: ErrorOut}, summary="The latest backfills")
def list_backfills(request: HttpRequest, slug: str, name: str) -> BackfillsOut:
    rows = queries.backfills(_readable(request, slug, name))
    return BackfillsOut(backfills=[_backfill_out(row) for row in rows])


@router.post(
    ONE + "/backfills",
    response={202: BackfillOut, 200: BackfillPlanOut, REFUSALS: ErrorOut},
    summary="Fire the times of a past range which have not fired; with dryRun only count them",
)
def backfill(
    request: HttpRequest, slug: str, name: str, payload: BackfillBody
) -> Status[BackfillOut] | Status[BackfillPlanOut]:
    found = _writable(request, slug, name)
    if payload.dry_run:
        plan = commands.plan_backfill(found, payload.from_at, payload.to_at)
        return Status(200, BackfillPlanOut(total=plan.total, existing=plan.existing))
    made = commands.backfill(found.pk, payload.from_at, payload.to_at, actor_of(request))
    return Status(202, _backfill_out(made))


def _readable(request: HttpRequest, slug: str, name: str) -> Schedule:
    return _schedule(readable_machine(request, slug), name)


def _writable(request: HttpRequest, slug: str, name: str) -> Schedule:
    return _schedule(writable_machine(request, slug), name)


def _schedule(machine: Machine, name: str) -> Schedule:
    found = machine.schedules.select_related("machine").filter(name=name).first()
    if found is None:
        raise Http404(f"The machine has no schedule “{name}”.")
    return found


def _recurrence(payload: RuleBody) -> Recurrence:
    return Recurrence(payload.kind, payload.rule, payload.zone, payload.starts_at)


def _draft(payload: ScheduleBody) -> Draft:
    return Draft(_recurrence(payload), payload.context, payload.catch_up, payload.overlap)


def _out(row: ScheduleRow) -> ScheduleOut:
    schedule = row.schedule
    return ScheduleOut(
        name=schedule.name,
        machine=schedule.machine.slug,
        kind=schedule.kind,
        rule=schedule.rule,
        zone=schedule.zone,
        starts_at=schedule.starts_at,
        context=commands.context_of(schedule),
        catch_up=schedule.catch_up,
        overlap=schedule.overlap,
        paused=schedule.paused,
        next_at=schedule.next_at,
        queued_for=schedule.queued_for,
        last=_firing_out(row.last) if row.last else None,
    )


def _firing_out(firing: Firing) -> FiringOut:
    return FiringOut(
        due=firing.due,
        outcome=firing.outcome,
        message=firing.message,
        instance=firing.instance_id,
        fired_at=firing.fired_at,
    )


def _backfill_out(backfill: Backfill) -> BackfillOut:
    return BackfillOut(
        id=backfill.pk,
        from_at=backfill.from_at,
        to_at=backfill.to_at,
        total=backfill.total,
        existing=backfill.existing,
        started=backfill.started,
        refused=backfill.refused,
        requested_at=backfill.requested_at,
        finished_at=backfill.finished_at,
    )
