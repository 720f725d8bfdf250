"""Runtime values in the shape of the API."""

from __future__ import annotations

from orchestrator.api.schemas import EventAnswer, EventBody, InstanceDetailOut, InstanceOut, JournalOut
from orchestrator.runtime.commands import Accepted, CommandError, EventRequest
from orchestrator.runtime.listings import InstanceDetail, InstanceRow
from orchestrator.runtime.queries import JournalRow

FIELD_NAMES = {"name": "event", "key": "instance", "idempotency_key": "idempotencyKey", "occurred_at": "occurredAt"}


def event_request(body: EventBody, source: str, **where: int | str | bool) -> EventRequest:
    """The command of an event; `where` names the instance."""
    return EventRequest(
        name=body.event,
        data=body.data,
        source=body.source or source,
        idempotency_key=body.idempotency_key,
        occurred_at=body.occurred_at,
        **where,  # type: ignore[arg-type]
    )


def event_answer(outcome: Accepted | CommandError) -> EventAnswer:
    """What became of one event."""
    if isinstance(outcome, CommandError):
        field = FIELD_NAMES.get(outcome.field, outcome.field)
        return EventAnswer(status="refused", code=outcome.code, message=outcome.message, field=field)
    return EventAnswer(
        status="duplicate" if outcome.duplicate else "accepted", event=outcome.event, instance=outcome.instance
    )


def instance_out(row: InstanceRow) -> InstanceOut:
    return InstanceOut(**_row_values(row))  # type: ignore[arg-type]


def detail_out(machine: str, found: InstanceDetail) -> InstanceDetailOut:
    return InstanceDetailOut(
        **_row_values(found.row),  # type: ignore[arg-type]
        machine=machine,
        seq=found.seq,
        pending=found.pending,
        context=found.context,
        entered=found.entered,
    )


def _row_values(row: InstanceRow) -> dict[str, object]:
    return {
        "id": row.id,
        "key": row.key,
        "correlation": row.correlation,
        "version": row.version,
        "status": row.status,
        "states": list(row.configuration),
        "started_at": row.started_at,
        "updated_at": row.updated_at,
        "finished_at": row.finished_at,
        "stuck": row.stuck,
    }


def journal_out(row: JournalRow) -> JournalOut:
    return JournalOut(
        seq=row.seq,
        kind=row.kind,
        name=row.name,
        outcome=row.outcome,
        data=row.data,
        detail=row.detail,
        source=row.source,
        actor=row.actor,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
    )
