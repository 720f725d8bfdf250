"""Events on their way in: each is checked, finds its instance, takes its idempotency key, and has one answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.making import Machines, caught, clamped, known_machine, make, renewable
from orchestrator.runtime.requests import Accepted, EventRequest, StartRequest
from orchestrator.runtime.store import Cursor, direct
from orchestrator.runtime.store_intake import InboxRow, KeyRow, KnownKey, Target
from orchestrator.statechart.snapshot import FINISHED

MAX_ID = 2**63 - 1


@dataclass(slots=True)
class Item:
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


def item_of(request: EventRequest) -> Item:
    checked = caught(checked_event, request)
    return Item(request, answer=checked) if isinstance(checked, CommandError) else Item(request, checked)


def checked_event(request: EventRequest) -> intake.Checked:
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


def at_once(request: EventRequest, actor: str) -> Accepted | None:
    """Accept one event with a single statement where all is plain; None when the long way must answer.

    Raises CommandError.
    """
    checked = checked_event(request)
    given = {
        "instance": request.instance,
        "machine": request.machine,
        "key": request.key,
        "name": checked.name,
        "data": checked.data,
        "source": checked.source,
        "actor": actor,
        "occurred_at": checked.occurred_at,
        "idempotency_key": request.idempotency_key,
        "history_limit": settings.HISTORY_LIMIT,
        "payload_hash": intake.fingerprint(checked) if request.idempotency_key else "",
    }
    with direct() as cursor:
        stored = store_intake.accept(cursor, given)
    if stored is None:
        return None
    event, instance, shard = stored
    nudge.after_commit([shard])
    return Accepted(event, instance)


def open_items(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.answer is None]


def find(cursor: Cursor, items: Iterable[Item], known: Machines) -> None:
    """Set the target of each item whose instance exists; refuse unknown machines."""
    by_id = store_intake.by_id(cursor, [item.request.instance for item in open_items(items) if item.request.instance])
    pairs: list[tuple[Item, tuple[int, str]]] = []
    for item in open_items(items):
        if item.request.instance is not None:
            item.target = by_id.get(item.request.instance)
            item.machine = item.target.machine if item.target else 0
            continue
        machine = caught(lambda slug: known_machine(known, slug), item.request.machine)
        if isinstance(machine, CommandError):
            item.answer = machine
        else:
            item.machine = machine.id
            pairs.append((item, (machine.id, item.request.key)))
    by_key = store_intake.by_key(cursor, [pair for _, pair in pairs])
    for item, pair in pairs:
        item.target = by_key.get(pair)


def answer_known(cursor: Cursor, items: Iterable[Item]) -> None:
    """Answer items whose idempotency key was used before as the first time, or refuse another payload."""
    keyed = [item for item in open_items(items) if item.request.idempotency_key]
    known = store_intake.known_keys(cursor, [item.pair for item in keyed])
    for item in keyed:
        if item.pair in known:
            item.answer = repeat(item, known[item.pair])


def repeat(item: Item, known: KnownKey) -> Accepted | CommandError:
    """The first answer, if the same was sent to the same: by its key that may by now be an earlier run."""
    wanted, checked = item.request, item.checked
    same = wanted.instance == known.instance if wanted.instance is not None else wanted.key == known.business_key
    if same and checked and intake.fingerprint(checked) == known.payload_hash:
        return Accepted(known.event, known.instance, duplicate=True)
    message = "this idempotencyKey was used for another event; use a new key for each event"
    return CommandError("conflict", message, "idempotencyKey")


def start_missing(
    cursor: Cursor, items: Iterable[Item], known: Machines
) -> tuple[dict[int, EventRequest], dict[int, int]]:
    """Start the instances which items with `start` name.

    Returns the first event for each new instance, and which run that one follows, if any.
    """
    missing = [item for item in open_items(items) if item.request.instance is None and _startable(item, known)]
    starting = [item for item in missing if item.request.start]
    if not starting:
        return {}, {}
    _, now = store_intake.new_ids(cursor, 1)
    wanted = [
        StartRequest(item.request.machine, item.request.key, occurred_at=item.request.occurred_at) for item in starting
    ]
    made = make(cursor, wanted, known, now)
    first: dict[int, EventRequest] = {}
    for item in missing:
        machine = known[item.request.machine]
        item.target = made.found.get((machine.id, item.request.key), item.target)
        if item.target is None and machine.version is None and item.request.start:
            message = f"the machine {item.request.machine} has no version yet; publish it"
            item.answer = CommandError("not-published", message, "machine")
        elif item.target and item.target.id in made.new:
            first.setdefault(item.target.id, item.request)
    return first, made.retired


def _startable(item: Item, known: Machines) -> bool:
    return item.target is None or renewable(item.target, known[item.request.machine])


def refuse(items: Iterable[Item]) -> None:
    for item in open_items(items):
        if item.target is None:
            name = "instance" if item.request.instance is not None else "key"
            wanted = item.request.instance if item.request.instance is not None else item.request.key
            item.answer = CommandError("unknown-instance", f"there is no instance {wanted}; start it first", name)
        elif item.target.status in FINISHED:
            item.answer = CommandError(
                "finished", f"the instance is {item.target.status}; it takes no more events", "instance"
            )
        elif item.target.seq >= settings.HISTORY_LIMIT:
            most = f"the instance has a history of {item.target.seq} rows and takes no more events"
            item.answer = CommandError("too-large", f"{most}; cancel it, or raise HISTORY_LIMIT", "instance")


def remember(cursor: Cursor, items: Iterable[Item]) -> None:
    """Take the idempotency keys; an item whose key was taken meanwhile (or earlier in this call) is a repeat."""
    keyed = [item for item in open_items(items) if item.request.idempotency_key]
    rows = [
        KeyRow(*item.pair, intake.fingerprint(item.checked), item.event, target_of(item).id)
        for item in keyed
        if item.checked
    ]
    taken = store_intake.remember(cursor, rows)
    late = [item for item in keyed if item.event not in taken]
    known = store_intake.known_keys(cursor, [item.pair for item in late])
    for item in late:
        item.answer = repeat(item, known[item.pair])


def row_of(item: Item, actor: str, now: datetime) -> InboxRow:
    checked = item.checked
    if checked is None:
        raise AssertionError("an open item was checked")
    when = clamped(checked.occurred_at, now)
    return InboxRow(item.event, target_of(item).id, "event", checked.name, checked.data, checked.source, actor, when)


def target_of(item: Item) -> Target:
    if item.target is None:
        raise AssertionError("an open item has an instance")
    return item.target
