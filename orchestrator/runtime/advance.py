"""Apply what waits: claim a batch, step the instances in memory, write back, in one transaction without other I/O."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import psycopg
from django.db import DataError, IntegrityError, OperationalError

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime import nudge, store
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.plan import Planner

BATCH = 500
CONFLICTS = 5  # how often a batch is tried anew after a lost fence, deadlock or serialisation failure
BUDGET = 20.0  # seconds one drain may take before it hands on to the next hint

BROKEN = (psycopg.DataError, psycopg.IntegrityError, DataError, IntegrityError)
AGAIN = (store.Fenced, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

logger = logging.getLogger(__name__)


class Unstorable(Exception):
    """A batch could not be written; `inputs` are what it had claimed."""

    def __init__(self, inputs: list[Input], cause: Exception) -> None:
        super().__init__(str(cause))
        self.inputs = inputs


def apply_batch(shards: Sequence[int], limit: int = BATCH) -> tuple[list[int], int]:
    """Apply at most `limit` inputs of those shards which nobody else drains; returns these shards and how many.

    Raises Unstorable when PostgreSQL refuses what was planned: nothing of the batch is stored then.
    """
    with store.batch() as cursor:
        locked = store.lock(cursor, shards)
        inputs = store.claim(cursor, locked, limit) if locked else []
        if inputs:
            planner = Planner(store.load(cursor, sorted({given.instance for given in inputs})), chart_of)
            writes = planner.run(inputs)
            try:
                ready = store.save(cursor, writes)
            except BROKEN as error:
                raise Unstorable(inputs, error) from error
            nudge.after_commit(activities=ready)
        overdue = store.raise_overdue(cursor, locked, limit) if locked else 0
    return locked, len(inputs) + overdue


def drain(shards: Sequence[int] | None = None, budget: float = BUDGET) -> int:
    """Apply all that waits in these shards (default: all); returns how many inputs and deadlines were applied.

    A shard which another worker drains is left to it: that worker looks again after each commit, so nothing is missed.
    """
    left = list(range(SHARDS) if shards is None else shards)
    until, applied, limit = time.monotonic() + budget, 0, BATCH
    while left := _waiting(left):  # most hints come late: this one statement is all they cost
        if time.monotonic() > until:
            nudge.after_commit(left)
            break
        try:
            left, done = _retrying(left, limit)
            applied, limit = applied + done, min(BATCH, limit * 2)
        except Unstorable as error:
            logger.warning("batch of %d refused: %s", len(error.inputs), error)
            limit = _narrow(error, limit)
    return applied


def _waiting(shards: Sequence[int]) -> list[int]:
    if not shards:
        return []
    with store.batch() as cursor:
        return store.waiting(cursor, shards)


def _narrow(error: Unstorable, limit: int) -> int:
    """Halve the batch until one input stands alone, then count its attempt: the planner sets it aside in the end."""
    if len(error.inputs) > 1:
        return max(1, min(limit, len(error.inputs)) // 2)
    with store.batch() as cursor:
        store.count_attempt(cursor, error.inputs[0])
    return 1


def _retrying(shards: Sequence[int], limit: int) -> tuple[list[int], int]:
    for attempt in range(CONFLICTS):
        try:
            return apply_batch(shards, limit)
        except AGAIN as error:
            logger.info("batch %d tried anew: %s", attempt + 1, error)
        except OperationalError as error:
            if not isinstance(error.__cause__, AGAIN):
                raise
    return apply_batch(shards, limit)
