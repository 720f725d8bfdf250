"""What has had its time is archived and removed, some rows at a time, and never in the way of work.

Each batch is a transaction: it takes the walk through a table, looks at the next rows, writes what must be kept to a
file that is on disk before the rows go, and moves the walk on. A crash anywhere leaves at most a file that nobody
points to, which the next batch of the same rows finds and takes over. A second sweep finds the walk locked and leaves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from orchestrator.runtime import store_retention
from orchestrator.runtime.models import Incident, Instance
from orchestrator.runtime.models_archive import RetentionPolicy
from orchestrator.runtime.retention.files import write
from orchestrator.runtime.store import Cursor, batch
from orchestrator.runtime.store_retention import Looked

BUDGET = 10.0  # seconds of one sweep
STEP = 300  # rows looked at in one batch
MOST_ROWS = 20_000  # journal rows archived in one batch, or those of one instance


@dataclass(frozen=True, slots=True)
class Kind:
    """A table that is walked through; `days` names the setting, `remove` takes the rows out."""

    name: str
    days: str
    statement: str
    remove: Callable[[Cursor, list[int]], int]


def _archive(cursor: Cursor, ids: list[int]) -> int:
    held = store_retention.hold(cursor, ids)
    if held:
        store_retention.index(cursor, held, write(held, store_retention.lines(held)))
        store_retention.drop_journals(cursor, held)
        Instance.objects.filter(pk__in=held).delete()
    return len(held)


def _drop_keys(cursor: Cursor, ids: list[int]) -> int:
    store_retention.drop_keys(cursor, ids)
    return len(ids)


def _drop_incidents(cursor: Cursor, ids: list[int]) -> int:
    Incident.objects.filter(pk__in=ids).delete()
    return len(ids)


KINDS = (
    Kind("finished instances", "KEEP_INSTANCES", store_retention.INSTANCES, _archive),
    Kind("idempotency keys", "KEEP_KEYS", store_retention.KEYS, _drop_keys),
    Kind("resolved incidents", "KEEP_INCIDENTS", store_retention.INCIDENTS, _drop_incidents),
)


def sweep(budget: float = BUDGET) -> dict[str, int]:
    """Walk on through each table as far as the time allows; returns how many rows of each kind were removed."""
    until = {kind: time.monotonic() + budget * (at + 1) / len(KINDS) for at, kind in enumerate(KINDS)}
    return {kind.name: _walk(kind, until[kind]) if _wanted(kind) else 0 for kind in KINDS}


def _wanted(kind: Kind) -> bool:
    """Whether anybody wants rows of this kind removed; where nobody does no table is read."""
    policies = RetentionPolicy.objects.filter(**{f"{kind.days.lower()}__gt": 0})
    return bool(policies.exists() or getattr(settings, kind.days) > 0)


def due() -> dict[str, int]:
    """How many rows of each kind have had their time; nothing is changed."""
    return {kind.name: _count(kind) if _wanted(kind) else 0 for kind in KINDS}


def _walk(kind: Kind, until: float) -> int:
    removed = 0
    while (done := _batch(kind)) is not None:
        removed += done
        if time.monotonic() > until:
            break
    return removed


def _batch(kind: Kind) -> int | None:
    """One batch; None when the walk has come to the end of the table or is taken."""
    with batch() as cursor:
        position = store_retention.begin(cursor, kind.name)
        if position is None:
            return None
        rows = _bounded(_looked(cursor, kind, position))
        store_retention.move(cursor, kind.name, rows[-1].id if rows else 0)
        old = [row.id for row in rows if row.old]
        return (kind.remove(cursor, old) if old else 0) if rows else None


def _count(kind: Kind) -> int:
    found = position = 0
    with batch() as cursor:
        while rows := _looked(cursor, kind, position):
            position = rows[-1].id
            found += sum(row.old for row in rows)
    return found


def _looked(cursor: Cursor, kind: Kind, after: int) -> list[Looked]:
    return store_retention.looked(cursor, kind.statement, after, STEP, max(0, getattr(settings, kind.days)))


def _bounded(rows: list[Looked]) -> list[Looked]:
    """As many of the rows as can be read out in one batch, but one at least."""
    total = 0
    for at, row in enumerate(rows):
        total += row.size if row.old else 0
        if at and total > MOST_ROWS:
            return rows[:at]
    return rows
