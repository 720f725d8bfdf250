"""Making instances: each business key of a machine has one, whoever asks first and however often."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from orchestrator.runtime import intake, store_intake
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.requests import Started, StartRequest
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.store_intake import NewInstance, Target

Answer = TypeVar("Answer")
Given = TypeVar("Given")


def checked_start(request: StartRequest) -> str:
    intake.text(request.machine, "machine", required=True)
    intake.text(request.key, "key", required=True)
    intake.text(request.correlation, "correlation")
    intake.event_time(request.occurred_at)
    return intake.data_text(request.context, "context")


def started(
    request: StartRequest, known: dict[str, tuple[int, int | None]], found: dict[tuple[int, str], Target]
) -> Started:
    machine, _ = known_machine(known, request.machine)
    target = found.get((machine, request.key))
    if target is None:
        raise CommandError("not-published", f"the machine {request.machine} has no version yet; publish it", "machine")
    return Started(target.id, target.key, created=False)


def known_machine(known: dict[str, tuple[int, int | None]], slug: str) -> tuple[int, int | None]:
    if slug not in known:
        raise CommandError("unknown-machine", f"there is no machine {slug}; check its slug", "machine")
    return known[slug]


def make(
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
                machine, version or 0, request.key, request.correlation, clamped(request.occurred_at, now)
            )
            rows.setdefault((machine, request.key), new)
    found = store_intake.by_key(cursor, rows)
    missing = [row for pair, row in rows.items() if pair not in found and row.version]
    made = store_intake.create(cursor, missing)
    raced = [(row.machine, row.key) for row in missing if (row.machine, row.key) not in made]
    return {**found, **made, **store_intake.by_key(cursor, raced)}, {target.id for target in made.values()}


def clamped(occurred_at: datetime | None, now: datetime) -> datetime:
    """Event time, which is never later than the database clock."""
    return now if occurred_at is None else min(occurred_at, now)


def caught(check: Callable[[Given], Answer], given: Given) -> Answer | CommandError:
    try:
        return check(given)
    except CommandError as error:
        return error
