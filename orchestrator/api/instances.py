"""Instances: send one event, read one, read its journal."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status

from orchestrator.api.access import actor_of, readable_instance, writable_instance
from orchestrator.api.answers import detail_out, event_answer, event_request, journal_out
from orchestrator.api.machines import REFUSALS
from orchestrator.api.schemas import ErrorOut, EventAnswer, EventBody, InstanceDetailOut, JournalPage
from orchestrator.runtime import commands, queries

router = Router(tags=["instances"], by_alias=True)
After = Annotated[int, Query(ge=0, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=queries.PAGE)]


@router.post(
    "/{int:pk}/events",
    response={202: EventAnswer, 200: EventAnswer, REFUSALS: ErrorOut},
    summary="Send an event: 202 once it is committed, 200 when it was accepted before",
)
def send_event(request: HttpRequest, pk: int, payload: EventBody) -> Status[EventAnswer]:
    found = writable_instance(request, pk)
    actor = actor_of(request)
    accepted = commands.send(event_request(payload, actor, instance=found.row.id), actor=actor)
    return Status(200 if accepted.duplicate else 202, event_answer(accepted))


@router.get("/{int:pk}", response={200: InstanceDetailOut, REFUSALS: ErrorOut}, summary="One instance")
def read_instance(request: HttpRequest, pk: int) -> InstanceDetailOut:
    machine, found = readable_instance(request, pk)
    return detail_out(machine.slug, found)


@router.get(
    "/{int:pk}/journal",
    response={200: JournalPage, REFUSALS: ErrorOut},
    summary="What happened to an instance, oldest first, from `after` on",
)
def read_journal(request: HttpRequest, pk: int, after: After = 0, limit: Limit = queries.PAGE) -> JournalPage:
    _, found = readable_instance(request, pk)
    rows = queries.journal(found.row.id, after=after, limit=limit)
    following = rows[-1].seq if len(rows) == limit else None
    return JournalPage(entries=[journal_out(row) for row in rows], next=following)
