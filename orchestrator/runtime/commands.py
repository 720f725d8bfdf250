"""The only way into the runtime. Each call commits before it returns; what it returned is never lost.

Refusals are `CommandError`s with a `code` which the faces (REST, admin, shell) map to their own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.accepting import (
    answer_known,
    at_once,
    find,
    item_of,
    open_items,
    refuse,
    remember,
    row_of,
    start_missing,
    target_of,
)
from orchestrator.runtime.conflicts import repeated
from orchestrator.runtime.garbage import uncollected
from orchestrator.runtime.human_commands import answer_task, claim_task, reassign_task, reject_task, release_task
from orchestrator.runtime.intake import CommandError, ErrorCode
from orchestrator.runtime.lifecycle import cancel, move, resume, retry, skip, suspend
from orchestrator.runtime.making import caught, checked_start, clamped, make, started
from orchestrator.runtime.migration_commands import MigrationReport, MigrationRequest, migrate
from orchestrator.runtime.requests import Accepted, EventRequest, Person, Started, StartRequest
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_intake import InboxRow

__all__ = [
    "Accepted",
    "CommandError",
    "ErrorCode",
    "EventRequest",
    "MigrationReport",
    "MigrationRequest",
    "Person",
    "StartRequest",
    "Started",
    "answer_task",
    "cancel",
    "claim_task",
    "migrate",
    "move",
    "reassign_task",
    "reject_task",
    "release_task",
    "resume",
    "retry",
    "send",
    "send_many",
    "skip",
    "start",
    "start_many",
    "suspend",
]
Answer = TypeVar("Answer")


def start(request: StartRequest, actor: str = "") -> Started:
    """Start one instance of the machine's current version. Raises CommandError."""
    return _only(start_many([request], actor))


@repeated
@uncollected()
def start_many(requests: Sequence[StartRequest], actor: str = "") -> list[Started | CommandError]:
    """Start many in one transaction with one answer per item; a refused item does not stop the others."""
    _bounded(requests)
    checked = [caught(checked_start, request) for request in requests]
    good = [request for request, data in zip(requests, checked, strict=True) if isinstance(data, str)]
    with batch() as cursor:
        known = store_intake.machines(cursor, {request.machine for request in good})
        _, now = store_intake.new_ids(cursor, 1)
        made = make(cursor, good, known, now)
        answers: list[Started | CommandError] = []
        contexts: dict[int, tuple[StartRequest, str]] = {}
        for request, data in zip(requests, checked, strict=True):
            if isinstance(data, CommandError):
                answers.append(data)
                continue
            answer = caught(lambda request: started(request, known, made, contexts), request)
            if isinstance(answer, Started) and answer.created:
                contexts[answer.instance] = (request, data)
            answers.append(answer)
        ids, now = store_intake.new_ids(cursor, len(contexts))
        rows = [
            InboxRow(event, instance, "start", "start", data, "", actor, clamped(request.occurred_at, now))
            for event, (instance, (request, data)) in zip(ids, contexts.items(), strict=False)
        ]
        nudge.after_commit(store_intake.fill_inbox(cursor, rows))
    return answers


def send(request: EventRequest, actor: str = "") -> Accepted:
    """Accept one event for one instance. Raises CommandError."""
    return at_once(request, actor) or _only(send_many([request], actor))


@repeated
@uncollected()
def send_many(requests: Sequence[EventRequest], actor: str = "") -> list[Accepted | CommandError]:
    """Accept many (order kept per instance) in one transaction with one answer per item."""
    _bounded(requests)
    items = [item_of(request) for request in requests]
    with batch() as cursor:
        named = {item.request.machine for item in open_items(items) if item.request.machine}
        known = store_intake.machines(cursor, named)
        find(cursor, items, known)
        answer_known(cursor, items)
        made, retired = start_missing(cursor, items, known)
        refuse(items)
        ids, now = store_intake.new_ids(cursor, len(made) + len(requests))
        for item, event in zip(open_items(items), ids[len(made) :], strict=False):
            item.event = event
        remember(cursor, items)
        wanted = {target_of(item).id for item in open_items(items)}
        store_intake.discard(cursor, [instance for instance in made if instance not in wanted], retired)
        rows = [
            InboxRow(event, instance, "start", "start", "{}", "", actor, clamped(request.occurred_at, now))
            for event, (instance, request) in zip(ids, made.items(), strict=False)
            if instance in wanted
        ]
        rows.extend(row_of(item, actor, now) for item in open_items(items))
        nudge.after_commit(store_intake.fill_inbox(cursor, rows))
    return [item.answer or Accepted(item.event, target_of(item).id) for item in items]


def _bounded(requests: Sequence[object]) -> None:
    if len(requests) > intake.MAX_ITEMS:
        raise CommandError("too-large", f"{len(requests)} items at once; send at most {intake.MAX_ITEMS}", "items")


def _only(answers: Sequence[Answer | CommandError]) -> Answer:
    answer = answers[0]
    if isinstance(answer, CommandError):
        raise answer
    return answer
