"""Serving one endpoint: what is due is handed over in order and recorded, under a lease and a fence.

An incoming endpoint is asked for what waits there instead.

A crash between the two hands over again after the lease, under the same ids: at least once. What cannot be reached is
paused as a whole; what an endpoint refuses is tried again by itself, holds up those of its key alone, and has failed
after MOST_ATTEMPTS.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from django.db import transaction

from orchestrator.choreography import store
from orchestrator.choreography.store import Claimed, Due
from orchestrator.choreography.targets import TARGETS
from orchestrator.choreography.targets.base import Outcome, Report, Target, Unreachable

LEASE = 90.0  # seconds; longer than one portion may take
BUDGET = 15.0  # seconds after which no further portion is begun
MOST_ATTEMPTS = 10
LONGEST_DELAY = 600.0
MAX_ERROR = 2_000

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker serves the endpoint; what was done in this transaction is taken back."""


def serve(endpoint: int) -> int:
    """Hand over what is due of an endpoint unless another worker is on it; returns how many events that were."""
    handed, until = 0, time.monotonic() + BUDGET
    with leased(endpoint) as claimed:
        while claimed and time.monotonic() < until:
            target = TARGETS[claimed.kind]
            count, more = (0, _received(target, claimed)) if claimed.direction == "in" else _portion(target, claimed)
            handed += count
            if not more:
                break
    return handed


@contextmanager
def leased(endpoint: int) -> Iterator[Claimed | None]:
    """The endpoint under a lease, or None. What fails unforeseen pauses it, so that it cannot spin."""
    claimed = store.claim(endpoint, LEASE)
    try:
        yield claimed
    except LeaseLost:
        logger.warning("endpoint %d took longer than its lease", endpoint)
    except Exception as error:
        logger.exception("endpoint %d could not be served", endpoint)
        if claimed:
            pause(claimed, f"{type(error).__name__}: {error}")
    finally:
        if claimed:
            store.release(claimed)


def pause(claimed: Claimed, error: str) -> None:
    """Leave an endpoint alone for a while that grows with each failure in a row."""
    store.pause(claimed, printable(error), delay_after(claimed.failures + 1))


def delay_after(failures: int) -> float:
    """Seconds to wait after so many failures: each time twice as long, and never at the same time as others."""
    return min(2.0 ** min(failures - 1, 20), LONGEST_DELAY) * random.uniform(0.75, 1.0)  # noqa: S311


def _portion(target: Target, claimed: Claimed) -> tuple[int, bool]:  # type: ignore[type-arg]
    """Hand over the next events; returns how many, and whether to go on."""
    found = store.due(claimed.id, target.most)
    if not found:
        return 0, False
    endpoint = target.model.objects.get(pk=claimed.id)
    with transaction.atomic() if target.in_transaction else nullcontext():
        report = target.deliver(endpoint, [each.event for each in found])
        _record(claimed, found, report)
    return len(report.outcomes), bool(report.outcomes) and not report.down


def _received(target: Target, claimed: Claimed) -> bool:  # type: ignore[type-arg]
    """Ask an incoming endpoint for a portion; whether more may wait."""
    endpoint = target.model.objects.get(pk=claimed.id)
    try:
        more = bool(target.receive and target.receive(endpoint))
    except Unreachable as error:
        pause(claimed, str(error))
        return False
    if not store.hold(claimed, LEASE):
        raise LeaseLost
    store.well(claimed)
    return more


def _record(claimed: Claimed, found: Sequence[Due], report: Report) -> None:
    rows = [_row(found[place], outcome) for place, outcome in report.outcomes.items()]
    with transaction.atomic():
        if not store.hold(claimed, LEASE):
            raise LeaseLost
        store.record(rows)
        if report.down:
            store.pause(claimed, printable(report.down), delay_after(claimed.failures + 1))
        else:
            store.well(claimed)


def _row(due: Due, outcome: Outcome) -> tuple[int, str, str, int]:
    """The columns of an outcome: the last attempt of what should be tried again has failed."""
    status: str = outcome.status
    if status == "again":
        status = "failed" if due.attempts + 1 >= MOST_ATTEMPTS else "pending"
    delay = max(delay_after(due.attempts + 1), min(outcome.after, LONGEST_DELAY)) if status == "pending" else 0.0
    return due.id, status, printable(outcome.error), int(delay * 1000)


def printable(error: str) -> str:
    """The words of others as the database can hold them."""
    return error.replace("\0", "").encode(errors="replace").decode()[:MAX_ERROR]
