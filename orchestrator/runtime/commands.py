"""The only way into the runtime. Each call commits before it returns; what it returned is never lost.

Refusals are `CommandError`s with a `code` which the faces (REST, admin, shell) map to their own words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.intake import CommandError, ErrorCode
from orchestrator.runtime.models import ActivityRun, Instance
from orchestrator.runtime.store import Cursor, batch
from orchestrator.runtime.store_intake import InboxRow, KeyRow, NewInstance, Target
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.snapshot import FINISHED, from_json

__all__ = [
    "Accepted",
    "CommandError",
    "ErrorCode",
    "EventRequest",
    "StartRequest",
    "Started",
    "cancel",
    "retry",
    "send",
    "send_many",
    "start",
    "start_many",
]
Answer = TypeVar("Answer")
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class StartRequest:
    """`key` is the business key; the same key again returns the existing instance (`created=False`)."""

    machine: str
    key: str
    context: dict[str, JSON] = field(default_factory=dict)
    correlation: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    instance: int
    key: str
    created: bool


@dataclass(frozen=True, slots=True)
class EventRequest:
    """`instance` is the id; or `machine` and `key` name it. With `start` an unknown key starts an instance first."""

    name: str
    data: dict[str, JSON] = field(default_factory=dict)
    instance: int | None = None
    machine: str = ""
    key: str = ""
    start: bool = False
    source: str = ""
    idempotency_key: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event is committed. `duplicate` means that the same key with the same payload was accepted before."""

    event: int
    instance: int
    duplicate: bool = False


def start(request: StartRequest, actor: str = "") -> Started:
    """Start one instance of the machine's current version. Raises CommandError."""
    return _only(start_many([request], actor))


def start_many(requests: Sequence[StartRequest], actor: str = "") -> list[Started | CommandError]:
    """Start many in one transaction with one answer per item; a refused item does not stop the others."""
    _bounded(requests)
    checked = [_caught(_checked_start, request) for request in requests]
    good = [request for request, data in zip(requests, checked, strict=True) if isinstance(data, str)]
    with batch() as cursor:
        known = store_intake.machines(cursor, {request.machine for request in good})
        _, now = store_intake.new_ids(cursor, 1)
        found, made = _make(cursor, good, known, now)
        answers: list[Started | CommandError] = []
        contexts: dict[int, tuple[StartRequest, str]] = {}
        for request, data in zip(requests, checked, strict=True):
            if isinstance(data, CommandError):
                answers.append(data)
                continue
            answer = _caught(lambda request: _started(request, known, found), request)
            if isinstance(answer, Started) and answer.instance in made and answer.instance not in contexts:
                contexts[answer.instance] = (request, data)
                answer = Started(answer.instance, answer.key, created=True)
            answers.append(answer)
        ids, now = store_intake.new_ids(cursor, len(contexts))
        rows = [
            InboxRow(event, instance, "start", "start", data, "", actor, _clamped(request.occurred_at, now))
            for event, (instance, (request, data)) in zip(ids, contexts.items(), strict=False)
        ]
        nudge.after_commit(store_intake.fill_inbox(cursor, rows))
    return answers


def _checked_start(request: StartRequest) -> str:
    intake.text(request.machine, "machine", required=True)
    intake.text(request.key, "key", required=True)
    intake.text(request.correlation, "correlation")
    intake.event_time(request.occurred_at)
    return intake.data_text(request.context, "context")


def _started(
    request: StartRequest, known: dict[str, tuple[int, int | None]], found: dict[tuple[int, str], Target]
) -> Started:
    machine, _ = _machine(known, request.machine)
    target = found.get((machine, request.key))
    if target is None:
        raise CommandError("not-published", f"the machine {request.machine} has no version yet; publish it", "machine")
    return Started(target.id, target.key, created=False)


def _machine(known: dict[str, tuple[int, int | None]], slug: str) -> tuple[int, int | None]:
    if slug not in known:
        raise CommandError("unknown-machine", f"there is no machine {slug}; check its slug", "machine")
    return known[slug]


def _make(
    cursor: Cursor,
    requests: Iterable[StartRequest],
    known: dict[str, tuple[int, int | None]],
    now: datetime,
) -> tuple[dict[tuple[int, str], Target], set[int]]:
    """All wanted instances by (machine, key), and the ids of those which did not exist before."""
    rows: dict[tuple[int, str], NewInstance] = {}
    for request in requests:
        machine, version = known.get(request.machine, (0, None))
        if machine:
            new = NewInstance(
                machine, version or 0, request.key, request.correlation, _clamped(request.occurred_at, now)
            )
            rows.setdefault((machine, request.key), new)
    found = store_intake.by_key(cursor, rows)
    missing = [row for pair, row in rows.items() if pair not in found and row.version]
    made = store_intake.create(cursor, missing)
    raced = [(row.machine, row.key) for row in missing if (row.machine, row.key) not in made]
    return {**found, **made, **store_intake.by_key(cursor, raced)}, {target.id for target in made.values()}


def send(request: EventRequest, actor: str = "") -> Accepted:
    """Accept one event for one instance. Raises CommandError."""
    return _only(send_many([request], actor))


@dataclass(slots=True)
class _Item:
    """One event on its way in: an answer ends it."""

    request: EventRequest
    checked: intake.Checked | None = None
    target: Target | None = None
    machine: int = 0
    answer: Accepted | CommandError | None = None
    event: int = 0

    @property
    def pair(self) -> tuple[str, str]:
        """The idempotency key with its sender, which is unique in the machine."""
        return (f"{self.machine}/{self.request.source}", self.request.idempotency_key)


def send_many(requests: Sequence[EventRequest], actor: str = "") -> list[Accepted | CommandError]:
    """Accept many (order kept per instance) in one transaction with one answer per item."""
    _bounded(requests)
    items = [_item(request) for request in requests]
    with batch() as cursor:
        known = store_intake.machines(cursor, {item.request.machine for item in _open(items) if item.request.machine})
        _find(cursor, items, known)
        _answer_known(cursor, items)
        made = _start_missing(cursor, items, known)
        _refuse(items)
        ids, now = store_intake.new_ids(cursor, len(made) + len(requests))
        for item, event in zip(_open(items), ids[len(made) :], strict=False):
            item.event = event
        _remember(cursor, items)
        wanted = {_target(item).id for item in _open(items)}
        store_intake.discard(cursor, [instance for instance in made if instance not in wanted])
        rows = [
            InboxRow(event, instance, "start", "start", "{}", "", actor, _clamped(request.occurred_at, now))
            for event, (instance, request) in zip(ids, made.items(), strict=False)
            if instance in wanted
        ]
        rows.extend(_row(item, actor, now) for item in _open(items))
        nudge.after_commit(store_intake.fill_inbox(cursor, rows))
    return [item.answer or Accepted(item.event, _target(item).id) for item in items]


def _item(request: EventRequest) -> _Item:
    checked = _caught(_checked_event, request)
    return _Item(request, answer=checked) if isinstance(checked, CommandError) else _Item(request, checked)


def _checked_event(request: EventRequest) -> intake.Checked:
    name = intake.event_name(request.name)
    for value, label in ((request.machine, "machine"), (request.key, "key"), (request.source, "source")):
        intake.text(value, label)
    intake.text(request.idempotency_key, "idempotencyKey")
    if request.instance is None and not (request.machine and request.key):
        raise CommandError("invalid", "name the instance: give instance, or machine and key", "instance")
    if request.instance is not None and not (type(request.instance) is int and 0 < request.instance <= MAX_ID):
        raise CommandError(
            "unknown-instance", f"there is no instance {request.instance!r:.40}; check its id", "instance"
        )
    data = intake.data_text(request.data, "data")
    return intake.Checked(name, data, request.source, intake.event_time(request.occurred_at))


def _open(items: Iterable[_Item]) -> list[_Item]:
    return [item for item in items if item.answer is None]


def _find(cursor: Cursor, items: Iterable[_Item], known: dict[str, tuple[int, int | None]]) -> None:
    """Set the target of each item whose instance exists; refuse unknown machines."""
    by_id = store_intake.by_id(cursor, [item.request.instance for item in _open(items) if item.request.instance])
    pairs: list[tuple[_Item, tuple[int, str]]] = []
    for item in _open(items):
        if item.request.instance is not None:
            item.target = by_id.get(item.request.instance)
            item.machine = item.target.machine if item.target else 0
            continue
        machine = _caught(lambda slug: _machine(known, slug), item.request.machine)
        if isinstance(machine, CommandError):
            item.answer = machine
        else:
            item.machine = machine[0]
            pairs.append((item, (machine[0], item.request.key)))
    by_key = store_intake.by_key(cursor, [pair for _, pair in pairs])
    for item, pair in pairs:
        item.target = by_key.get(pair)


def _answer_known(cursor: Cursor, items: Iterable[_Item]) -> None:
    """Answer items whose idempotency key was used before as the first time, or refuse another payload."""
    keyed = [item for item in _open(items) if item.request.idempotency_key]
    known = store_intake.known_keys(cursor, [item.pair for item in keyed])
    for item in keyed:
        if item.pair in known:
            item.answer = _repeat(item, known[item.pair])


def _repeat(item: _Item, known: KeyRow) -> Accepted | CommandError:
    target, checked = item.target, item.checked
    if target and checked and intake.fingerprint(target.id, checked) == known.payload_hash:
        return Accepted(known.event, known.instance, duplicate=True)
    message = "this idempotencyKey was used for another event; use a new key for each event"
    return CommandError("conflict", message, "idempotencyKey")


def _start_missing(
    cursor: Cursor, items: Iterable[_Item], known: dict[str, tuple[int, int | None]]
) -> dict[int, EventRequest]:
    """Start the instances which items with `start` name; instance id -> the first event for it."""
    missing = [item for item in _open(items) if item.target is None and item.request.instance is None]
    starting = [item for item in missing if item.request.start]
    if not starting:
        return {}
    _, now = store_intake.new_ids(cursor, 1)
    wanted = [
        StartRequest(item.request.machine, item.request.key, occurred_at=item.request.occurred_at) for item in starting
    ]
    found, made = _make(cursor, wanted, known, now)
    first: dict[int, EventRequest] = {}
    for item in missing:
        machine, version = known[item.request.machine]
        item.target = found.get((machine, item.request.key))
        if item.target is None and version is None and item.request.start:
            message = f"the machine {item.request.machine} has no version yet; publish it"
            item.answer = CommandError("not-published", message, "machine")
        elif item.target and item.target.id in made:
            first.setdefault(item.target.id, item.request)
    return first


def _refuse(items: Iterable[_Item]) -> None:
    for item in _open(items):
        if item.target is None:
            name = "instance" if item.request.instance is not None else "key"
            wanted = item.request.instance if item.request.instance is not None else item.request.key
            item.answer = CommandError("unknown-instance", f"there is no instance {wanted}; start it first", name)
        elif item.target.status in FINISHED:
            item.answer = CommandError(
                "finished", f"the instance is {item.target.status}; it takes no more events", "instance"
            )


def _remember(cursor: Cursor, items: Iterable[_Item]) -> None:
    """Take the idempotency keys; an item whose key was taken meanwhile (or earlier in this call) is a repeat."""
    keyed = [item for item in _open(items) if item.request.idempotency_key]
    rows = [
        KeyRow(*item.pair, intake.fingerprint(_target(item).id, item.checked), item.event, _target(item).id)
        for item in keyed
        if item.checked
    ]
    taken = store_intake.remember(cursor, rows)
    late = [item for item in keyed if item.event not in taken]
    known = store_intake.known_keys(cursor, [item.pair for item in late])
    for item in late:
        item.answer = _repeat(item, known[item.pair])


def _row(item: _Item, actor: str, now: datetime) -> InboxRow:
    checked = item.checked
    if checked is None:
        raise AssertionError("an open item was checked")
    when = _clamped(checked.occurred_at, now)
    return InboxRow(item.event, _target(item).id, "event", checked.name, checked.data, checked.source, actor, when)


def _target(item: _Item) -> Target:
    if item.target is None:
        raise AssertionError("an open item has an instance")
    return item.target


def cancel(instance: int, reason: str, actor: str) -> Accepted:
    """Ask an instance to stop; journaled with who and why. Raises CommandError when unknown or finished."""
    return _command(_status(instance), "cancel", reason, actor)


def retry(instance: int, reason: str, actor: str) -> int:
    """Try the failed activities of an instance again at once; returns how many. A failed instance runs again."""
    found = _status(instance)
    runs = ActivityRun.objects.filter(instance=instance, invocation__in=_waited_for(instance))
    waiting = runs.filter(status="failed").count() + runs.filter(status="pending", attempts__gt=0).count()
    if waiting or found.status == "failed":
        _command(found, "retry", reason, actor)
    return waiting


def _waited_for(instance: int) -> list[str]:
    """Invocations whose answer the instance still wants; a failure that its chart has caught is not among them."""
    try:
        snapshot = from_json(Instance.objects.values_list("snapshot", flat=True).get(pk=instance))
    except ValueError:  # a damaged one: nothing of it can be retried
        return []
    return [*snapshot.invocations.values(), *([snapshot.compensating] if snapshot.compensating else [])]


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


def _clamped(occurred_at: datetime | None, now: datetime) -> datetime:
    """Event time, which is never later than the database clock."""
    return now if occurred_at is None else min(occurred_at, now)


Given = TypeVar("Given")


def _caught(check: Callable[[Given], Answer], given: Given) -> Answer | CommandError:
    try:
        return check(given)
    except CommandError as error:
        return error


def _only(answers: Sequence[Answer | CommandError]) -> Answer:
    answer = answers[0]
    if isinstance(answer, CommandError):
        raise answer
    return answer
