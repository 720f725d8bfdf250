"""Run one side effect: claim, run outside any transaction, record. At least once, under a stable idempotency key."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import DatabaseError, connections

import orchestrator.runtime.activities  # noqa: F401 registers the kinds
from orchestrator.runtime import nudge, retry, store_activities
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, handler_of
from orchestrator.runtime.conflicts import repeated
from orchestrator.runtime.progress import Progress
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_activities import Claimed
from orchestrator.runtime.veil import Veil, values_for
from orchestrator.sdk.activities import reporting_to
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.secret_refs import put_in

LEASE = 30.0  # seconds without a sign of life after which another worker may take an activity
HEARTBEAT = 10.0
LONGEST = 900  # seconds of one attempt, whatever the chart says
MAX_RESULT = 1_000_000  # characters of JSON
MAX_ERROR = 2_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt led to: a result as JSON text, or an error."""

    result: str = ""
    error: ActivityError | None = None


def perform(activity: int) -> str:
    """Run an activity if it is due and free; returns skipped, done, failed, retry or late."""
    run = claim(activity)
    if run is None:
        return "skipped"
    with lease_kept(run):
        outcome = attempt(run)
    return record(run, outcome)


@repeated
def claim(activity: int) -> Claimed | None:
    """Take the lease and count the attempt, committed before anything runs."""
    with batch() as cursor:
        return store_activities.claim(cursor, activity, f"{socket.gethostname()}:{os.getpid()}", LEASE)


@contextmanager
def lease_kept(run: Claimed) -> Iterator[None]:
    """Extend the lease from a thread of its own while the attempt runs."""
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(run, over), name=f"lease-{run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(HEARTBEAT)


def _keep(run: Claimed, over: threading.Event) -> None:
    try:
        while not over.wait(HEARTBEAT):
            try:
                with batch() as cursor:
                    if not store_activities.extend(cursor, run, LEASE):
                        return
            except DatabaseError as error:
                logger.warning("lease of activity %d not extended: %s", run.id, error)
    finally:
        connections.close_all()


def attempt(run: Claimed) -> Outcome:
    """Run the handler in a thread of its own, so that the timeout holds whatever the handler does."""
    spec = json.loads(run.spec)
    request = ActivityRequest(
        spec["input"], min(float(spec["timeout"]), float(LONGEST)), run.idempotency_key, run.attempts
    )
    answers: list[Outcome] = []
    thread = threading.Thread(target=lambda: answers.append(_run(run, request)), name=f"activity-{run.id}", daemon=True)
    thread.start()
    thread.join(request.timeout)
    if answers:
        return answers[0]
    return Outcome(error=ActivityError(f"no result within {request.timeout:g} s", "Timeout"))


def _run(run: Claimed, request: ActivityRequest) -> Outcome:
    """Call the handler with the secrets put in, and let none of their values out again."""
    veil = Veil()
    try:
        values = values_for(run, dict(request.input))
        veil = Veil(values.values())
        if values:
            request = replace(request, input={key: put_in(value, values) for key, value in request.input.items()})
        with reporting_to(Progress(run, LEASE, veil)):
            return Outcome(result=veil.result(_text(handler_of(run.kind)(request))))
    except ActivityError as error:
        return Outcome(error=veil.error(error))
    except Exception as error:
        logger.error("activity of kind %s raised\n%s", run.kind, veil.text(traceback.format_exc()))
        return Outcome(error=veil.error(ActivityError(f"{type(error).__name__}: {error}", type(error).__name__)))
    finally:
        connections.close_all()


def _text(result: JSON) -> str:
    """A result as JSON text within its bound."""
    try:
        text = json.dumps(result, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ActivityError(f"the result is not JSON: {error}", "InvalidResult", permanent=True) from error
    if len(text) > MAX_RESULT:
        raise ActivityError(f"the result is larger than {MAX_RESULT} characters", "ResultTooLarge", permanent=True)
    return text


@repeated
def record(run: Claimed, outcome: Outcome) -> str:
    """Store what came of an attempt under its fence, and answer the instance when it is final."""
    with batch() as cursor:
        policy: dict[str, Any] = json.loads(run.spec)["retry"]
        error = outcome.error
        if error and retry.retryable(policy, error, run.attempts):
            kept = store_activities.again(cursor, run, _message(error), retry.delay(policy, run.attempts))
            verdict = "retry"
        else:
            verdict = "failed" if error else "done"
            kept = store_activities.finish(cursor, run, verdict, outcome.result, _message(error) if error else "")
            if kept:
                store_activities.answer(cursor, run, *answer(run, outcome))
                nudge.after_commit([run.shard])
        if not kept:
            store_activities.late(
                cursor, run, f"attempt {run.attempts}: {_message(error) if error else outcome.result}"
            )
            return "late"
    return verdict


def answer(run: Claimed, outcome: Outcome) -> tuple[str, str]:
    """Name and data of the event which tells the instance."""
    data: dict[str, JSON] = {"invocation": run.invocation}
    if outcome.error:
        data["error"] = {"class": outcome.error.error_class, "message": outcome.error.message[:MAX_ERROR]}
    else:
        data["result"] = json.loads(outcome.result)
    kind = "error" if outcome.error else "done"
    name = f"{kind}.compensation" if run.compensates else f"{kind}.invoke.{run.activity}"
    return name, json.dumps(data, separators=(",", ":"))


def _message(error: ActivityError) -> str:
    return f"{error.error_class}: {error.message}".replace("\x00", "")[:MAX_ERROR]
