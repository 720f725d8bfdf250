"""The only way into the runtime. Each call commits before it returns; what it returned is never lost.

Refusals are `CommandError`s with a `code` which the faces (REST, admin, shell) map to their own words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.accepting import (
    MAX_ID,
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
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.intake import CommandError, ErrorCode
from orchestrator.runtime.making import caught, checked_start, clamped, make, started
from orchestrator.runtime.models import ActivityRun, Instance
from orchestrator.runtime.requests import Accepted, EventRequest, Person, Started, StartRequest
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_intake import InboxRow
from orchestrator.statechart.snapshot import Snapshot, from_json

__all__ = [
    "Accepted",
    "CommandError",
    "ErrorCode",
    "EventRequest",
    "Person",
    "StartRequest",
    "Started",
    "answer_task",
    "cancel",
    "claim_task",
    "reassign_task",
    "reject_task",
    "release_task",
    "resume",
    "retry",
    "send",
    "send_many",
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


def cancel(instance: int, reason: str, actor: str) -> Accepted:
    """Ask an instance to stop; journaled with who and why. Raises CommandError when unknown or finished."""
    return _command(_status(instance), "cancel", reason, actor)


def suspend(instance: int, reason: str, actor: str) -> Accepted:
    """Let an instance rest: what is sent to it is accepted and waits, no timer fires and no activity begins."""
    found = _status(instance)
    if found.status in ("suspended", "failed"):
        raise CommandError("finished", f"the instance is {found.status}; it does not move anyway", "instance")
    return _command(found, "suspend", reason, actor)


def resume(instance: int, reason: str, actor: str) -> Accepted:
    """Let a suspended instance go on with all that waited, in its old order."""
    found = _status(instance)
    if found.status != "suspended":
        raise CommandError("finished", f"the instance is {found.status}, not suspended", "instance")
    return _command(found, "resume", reason, actor)


def retry(instance: int, reason: str, actor: str) -> int:
    """Try the failed activities of an instance again at once; returns how many. A failed instance runs again."""
    found = _status(instance)
    snapshot = _snapshot(instance)
    runs = ActivityRun.objects.filter(instance=instance, invocation__in=snapshot.awaited)
    waiting = runs.filter(status="failed").count() + runs.filter(status="pending", attempts__gt=0).count()
    waiting += len(snapshot.suspended)
    if waiting or found.status == "failed":
        _command(found, "retry", reason, actor)
    return waiting


def _snapshot(instance: int) -> Snapshot:
    """Where the instance stands; nothing of a damaged one can be retried."""
    try:
        return from_json(Instance.objects.values_list("snapshot", flat=True).get(pk=instance))
    except ValueError:
        return Snapshot()


def _status(instance: int) -> Instance:
    known = type(instance) is int and 0 < instance <= MAX_ID
    found = Instance.objects.only("pk", "status").filter(pk=instance).first() if known else None
    if found is None:
        raise CommandError("unknown-instance", f"there is no instance {instance!r:.40}; check its id", "instance")
    if found.status in ENDED:
        raise CommandError("finished", f"the instance is {found.status}; nothing is left to do", "instance")
    return found


def _command(found: Instance, name: str, reason: str, actor: str) -> Accepted:
    data = json.dumps({"reason": intake.text(reason, "reason")})
    with batch() as cursor:
        ids, now = store_intake.new_ids(cursor, 1)
        row = InboxRow(ids[0], found.pk, "command", name, data, "", actor, now)
        nudge.after_commit(store_intake.fill_inbox(cursor, [row]))
    return Accepted(ids[0], found.pk)


def _bounded(requests: Sequence[object]) -> None:
    if len(requests) > intake.MAX_ITEMS:
        raise CommandError("too-large", f"{len(requests)} items at once; send at most {intake.MAX_ITEMS}", "items")


def _only(answers: Sequence[Answer | CommandError]) -> Answer:
    answer = answers[0]
    if isinstance(answer, CommandError):
        raise answer
    return answer
