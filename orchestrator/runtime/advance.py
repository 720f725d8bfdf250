"""Apply what waits: claim a batch, step the instances in memory, write back, in one transaction without other I/O."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import psycopg
from django.db import DataError, IntegrityError

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime import (
    nudge,
    store,
    store_activities,
    store_children,
    store_human,
    store_incidents,
    store_outbox,
    store_suspension,
    store_timers,
)
from orchestrator.runtime.agenda import Agenda, Pending, reached
from orchestrator.runtime.conflicts import repeated
from orchestrator.runtime.garbage import uncollected
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.live import Live
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.plan import POISON_ATTEMPTS, Planner
from orchestrator.runtime.writes import Writes

BATCH = 500
CAREFUL = 64  # inputs of a batch where others were poison
BUDGET = 20.0  # seconds one drain may take before it hands on to the next hint

BROKEN = (psycopg.DataError, psycopg.IntegrityError, DataError, IntegrityError)

logger = logging.getLogger(__name__)


class Unstorable(Exception):
    """A batch could not be written; `inputs` are what it had claimed, `fired` timers that it met on the way.

    `poison` is the one among them whose journal row PostgreSQL named as the one it refuses.
    """

    def __init__(self, inputs: list[Input], fired: list[Input], cause: Exception, poison: Input | None) -> None:
        super().__init__(str(cause))
        self.inputs = inputs
        self.fired = fired
        self.poison = poison


@dataclass(slots=True)
class Seen:
    """How far one drain has come in each shard, so that it does not walk again over what it took out."""

    taken: dict[int, int] = field(default_factory=dict)
    woke: dict[int, datetime] = field(default_factory=dict)


class Batch(NamedTuple):
    """The shards which were drained, how much was applied, and whether more is known to wait.

    `reached` are the shards in which something waits because of this batch.
    """

    shards: list[int]
    applied: int
    more: bool
    reached: frozenset[int] = frozenset()


class Follows(NamedTuple):
    """Shards into which a batch put back what had been parked, and all in which something waits because of it."""

    released: frozenset[int]
    reached: frozenset[int]


@repeated
def apply_batch(shards: Sequence[int], limit: int = BATCH, seen: Seen | None = None) -> Batch:
    """Apply at most about `limit` inputs of those shards which nobody else drains.

    Raises Unstorable when PostgreSQL refuses what was planned: nothing of the batch is stored then.
    """
    seen = seen or Seen()
    follows = Follows(frozenset(), frozenset())
    with store.batch() as cursor:
        locked = store.lock(cursor, shards)
        if not locked:
            return Batch([], 0, more=False)
        claim = store.claim(cursor, locked, limit, seen.taken)
        alone = limit == 1 and claim.inputs  # whether it is this input that breaks batches must become clear
        due = store_timers.claim(cursor, {} if alone else claim.until, limit, seen.woke)
        if claim.inputs or due.timers or due.deadlines:
            planner = _planner(cursor, claim.inputs, due)
            writes = planner.run(claim.inputs, due.deadlines)
            try:
                follows = _save(cursor, writes)
            except BROKEN as error:
                claimed = [*claim.inputs, *(timer.fired(timer.due) for timer in due.timers)]
                poison = _named(error, writes, [*claimed, *planner.fired])
                raise Unstorable(claimed, planner.fired, error, poison) from error
    seen.taken.update(claim.taken)
    seen.woke.update(due.woke)
    for shard in follows.released:
        seen.taken.pop(shard, None)
    applied = len(claim.inputs) + len(due.timers) + len(due.deadlines)
    return Batch(locked, applied, claim.more, follows.reached)


def _planner(cursor: store.Cursor, inputs: Sequence[Input], due: store_timers.DueTimers) -> Planner:
    """A planner with all the instances of the batch, and the timers of those whose clock passes the first of them."""
    moments = dict(reached(inputs, due.timers))
    wanted = {*moments, *(deadline.instance for deadline in due.deadlines)}
    instances = store.load(cursor, sorted(wanted))
    passing = [live.id for live in instances if _passes(live, moments.get(live.id))]
    known: list[Pending] = store_timers.pending(cursor, passing) if passing else []
    without = [live.id for live in instances if live.next_due is None]
    return Planner(instances, chart_of, Agenda([*due.timers, *known], [*passing, *without]))


def _passes(live: Live, moment: datetime | None) -> bool:
    return live.next_due is not None and moment is not None and live.next_due < moment


def _named(error: BaseException, writes: Writes, inputs: Sequence[Input]) -> Input | None:
    """The input to whose journal row the error points, if it points to one."""
    line = store.refused_line(error)
    if not line:
        return None
    row = writes.journal[line - 1]
    return next((given for given in inputs if (given.kind, given.id) == (row.kind, row.event)), None)


def _save(cursor: store.Cursor, writes: Writes) -> Follows:
    """Store a planned batch, and hint at the activities that follow from it."""
    store.save(cursor, writes.instances, writes.journal)
    store_outbox.save(cursor, writes.outbox)
    store_timers.save(cursor, writes)
    store_incidents.save(cursor, writes)
    ready = store_activities.save(cursor, writes)
    store_human.open_tasks(cursor, writes)
    reached_shards = store_children.save(cursor, writes)
    released, resumed = store_suspension.save(cursor, writes)
    nudge.after_commit(activities=[*ready, *resumed])
    return Follows(frozenset(released), frozenset(reached_shards | released))


def drain(shards: Sequence[int] | None = None, budget: float = BUDGET) -> int:
    """Apply all that waits in these shards (default: all); returns how many inputs and deadlines were applied.

    A shard which another worker drains is left to it: that worker looks again after each commit, so nothing is missed.
    """
    left = list(range(SHARDS) if shards is None else shards)
    own, seen = frozenset(left), Seen()
    until, applied, limit, more = time.monotonic() + budget, 0, BATCH, False
    while more or (left := _waiting(left)):  # most hints come late: this one statement is all they cost
        if time.monotonic() > until:
            nudge.after_commit(left)
            break
        try:
            with uncollected():
                batch = apply_batch(left, limit, seen)
            left, more = sorted({*batch.shards, *(batch.reached & own)}), batch.more
            if not more:
                seen = Seen()  # what is found now may have been numbered before what was taken, and committed after
            nudge.after_commit(batch.reached - own)
            applied, limit = applied + batch.applied, min(BATCH, limit * 2)
        except Unstorable as error:
            logger.warning("batch of %d refused: %s", len(error.inputs), error)
            limit, seen, more = _narrow(error, limit), Seen(), False
    return applied


def _waiting(shards: Sequence[int]) -> list[int]:
    if not shards:
        return []
    with store.batch() as cursor:
        return store.waiting(cursor, shards)


def _narrow(error: Unstorable, limit: int) -> int:
    """Let the planner set aside what was refused: at once what was named, else what broke batches on its own.

    Until one stands alone, the batch is halved. Where one was poison others may be, and small batches lose less.
    """
    small = max(1, min(limit, len(error.inputs)) // 2)
    if error.poison is None and len(error.inputs) > 1:
        return small
    with store.batch() as cursor:
        if error.poison is not None:
            store.count_attempts(cursor, error.poison, POISON_ATTEMPTS)
            return max(small, CAREFUL)
        for broken in [*error.inputs, *error.fired]:
            store.count_attempts(cursor, broken)
    return 1
