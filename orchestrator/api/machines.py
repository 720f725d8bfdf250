"""Machines: start instances, send events to many of them, see where they stand."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status

from orchestrator.api.access import actor_of, readable_machine, user_of, writable_machine
from orchestrator.api.answers import event_answer, event_request, instance_out
from orchestrator.api.schemas import (
    BulkAnswer,
    BulkBody,
    ErrorOut,
    InstancesOut,
    MachineOut,
    MachinesOut,
    OptionalName,
    StartBody,
    Started,
    StateOut,
    SummaryOut,
)
from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import visible_machines
from orchestrator.runtime import commands, listings, queries

PAGE = 50
MOST_MACHINES = 1_000
REFUSALS = frozenset({400, 401, 404, 409, 413, 422, 503})
router = Router(tags=["machines"], by_alias=True)
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=listings.MOST)]


@router.get("", response={200: MachinesOut, REFUSALS: ErrorOut}, summary="Machines the token may see")
def list_machines(request: HttpRequest) -> MachinesOut:
    found = visible_machines(user_of(request)).select_related("current").order_by("slug")[:MOST_MACHINES]
    return MachinesOut(machines=[_machine_out(machine) for machine in found])


@router.post(
    "/{slug:slug}/instances",
    response={201: Started, 200: Started, REFUSALS: ErrorOut},
    summary="Start an instance; 200 when one of this key exists, 409 when its machine refuses that",
)
def start_instance(request: HttpRequest, slug: str, payload: StartBody) -> Status[Started]:
    machine = writable_machine(request, slug)
    wanted = commands.StartRequest(
        machine=machine.slug,
        key=payload.key,
        context=payload.context,
        correlation=payload.correlation,
        occurred_at=payload.occurred_at,
    )
    started = commands.start(wanted, actor=actor_of(request))
    answer = Started(id=started.instance, key=started.key, created=started.created)
    return Status(201 if started.created else 200, answer)


@router.post(
    "/{slug:slug}/events",
    response={200: BulkAnswer, 207: BulkAnswer, REFUSALS: ErrorOut},
    summary="Send up to 1,000 events; one answer per item in the order sent, 207 when one was refused",
)
def send_events(request: HttpRequest, slug: str, payload: BulkBody) -> Status[BulkAnswer]:
    machine = writable_machine(request, slug)
    actor = actor_of(request)
    requests = [
        event_request(item, actor, machine=machine.slug, key=item.instance, start=item.start) for item in payload.events
    ]
    items = [event_answer(outcome) for outcome in commands.send_many(requests, actor=actor)]
    counts = Counter(item.status for item in items)
    answer = BulkAnswer(
        accepted=counts["accepted"], duplicate=counts["duplicate"], refused=counts["refused"], items=items
    )
    return Status(207 if answer.refused else 200, answer)


@router.get(
    "/{slug:slug}/instances",
    response={200: InstancesOut, REFUSALS: ErrorOut},
    summary="Instances of a machine, newest first, or the one of a key",
)
def list_instances(
    request: HttpRequest, slug: str, key: OptionalName = "", page: Page = 1, limit: Limit = PAGE
) -> InstancesOut:
    machine = readable_machine(request, slug)
    if key:
        return _instance_of_key(machine, key)
    found = listings.instances(listings.InstanceFilter(machine=machine.pk), page=page, limit=limit)
    rows = [instance_out(row) for row in found.rows]
    return InstancesOut(instances=rows, total=found.total, page=found.page, pages=found.pages)


@router.get(
    "/{slug:slug}/summary",
    response={200: SummaryOut, REFUSALS: ErrorOut},
    summary="Instances per state, what waits, and what became of a source's events",
)
def summary(request: HttpRequest, slug: str, source: OptionalName = "") -> SummaryOut:
    machine = readable_machine(request, slug)
    totals = queries.summaries([machine.pk])[machine.pk]
    chart = chart_of(machine.current_id) if machine.current_id else None
    titles = {state.id: state.title for state in chart.states.values()} if chart else {}
    return SummaryOut(
        machine=machine.slug,
        running=totals.running,
        finished=totals.finished,
        failed=totals.failed,
        stuck=totals.stuck,
        pending=queries.pending(machine.pk),
        states=[
            StateOut(
                state=row.state,
                title=titles.get(row.state, row.state),
                count=row.count,
                stuck=row.stuck,
                oldest=row.oldest,
            )
            for row in queries.state_counts(machine.pk)
        ],
        outcomes=queries.journal_outcomes(source, machine.pk) if source else {},
    )


def _instance_of_key(machine: Machine, key: str) -> InstancesOut:
    pk = listings.instance_of_key(machine.pk, key)
    found = listings.instance_detail(pk) if pk else None
    rows = [instance_out(found.row)] if found else []
    return InstancesOut(instances=rows, total=len(rows), page=1, pages=1)


def _machine_out(machine: Machine) -> MachineOut:
    number = machine.current.number if machine.current else None
    return MachineOut(
        slug=machine.slug,
        title=machine.title,
        description=machine.description,
        version=number,
        key_policy=machine.key_policy,
    )
