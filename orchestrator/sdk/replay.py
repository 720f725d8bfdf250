"""Replaying an event log through the REST API: bulk requests, several in flight, the order of each case kept."""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from orchestrator.sdk.client import Client, EventAnswer, EventItem, Summary
from orchestrator.sdk.eventlog import LogEvent, LogInfo, inspect, read
from orchestrator.statechart.definition import JSON

LANES = 3  # requests in flight; a case always takes the same lane, which keeps its order
BATCH_EVENTS = 1_000
BATCH_BYTES = 1_500_000  # the server takes 2 MB
QUEUED_BATCHES = 2  # per lane, so that a slow server slows the reading down
POLL = 0.5  # seconds
GIVE_UP_AFTER = 180.0  # seconds in which nothing was applied
REASONS_KEPT = 5


class ReplayError(Exception):
    """The replay cannot be finished; the message is one plain sentence."""


@dataclass
class Tally:
    """What the server answered. `refused_finished` are events which came after their instance had ended."""

    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused_finished: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, answers: Iterable[EventAnswer]) -> None:
        for answer in answers:
            self.sent += 1
            if answer["status"] == "accepted":
                self.accepted += 1
            elif answer["status"] == "duplicate":
                self.duplicate += 1
            elif answer["code"] == "finished":
                self.refused_finished += 1
            else:
                self.refused += 1
                self.reasons[f"{answer['code']}: {answer['message']}"] += 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the log: sent = applied + ignored + lost, unless an earlier replay sent more of the same log."""

    sent: int
    applied: int
    ignored: int
    lost: int
    seconds: float
    summary: Summary
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay. `speed` None means as fast as it goes, otherwise how many times faster than it happened."""

    path: Path
    machine: str
    speed: float | None = None
    limit: int | None = None


Progress = Callable[[str], None]


def replay(plan: Plan, client: Client, progress: Progress) -> Outcome:
    """Check the log, send it, wait until all is applied. Raises LogError, ReplayError, ApiError, Unreachable."""
    progress("Checking the log")
    info = inspect(plan.path)
    source = f"replay:{plan.machine}:{info.digest[:16]}"
    begun = time.monotonic()
    tally = _send(plan, client, info, source, progress)
    summary = _applied(plan, client, tally, source, progress)
    return _outcome(tally, summary, time.monotonic() - begun)


def item_of(event: LogEvent, digest: str, source: str) -> EventItem:
    """The event as the API takes it; its key follows from the log and the row, so a second replay doubles nothing."""
    data: dict[str, JSON] = {"lifecycle": event.lifecycle, "resource": event.resource}
    if event.attributes:
        data["case"] = dict(event.attributes)
    return EventItem(
        instance=event.case,
        event=event.event,
        data=data,
        idempotencyKey=f"{digest[:32]}:{event.row}",
        occurredAt=event.time.isoformat(),
        source=source,
        start=True,
    )


def _send(plan: Plan, client: Client, info: LogInfo, source: str, progress: Progress) -> Tally:
    total = min(info.events, plan.limit or info.events)
    events = islice(read(plan.path), total)
    groups = _grouped(events) if plan.speed is None else _paced(events, plan.speed, time.sleep)
    tally = Tally()
    with ExitStack() as stack:
        lanes = [Lane(stack.enter_context(ThreadPoolExecutor(1)), client, plan.machine, tally) for _ in range(LANES)]
        for group in groups:
            for event in group:
                lanes[zlib.crc32(event.case.encode()) % LANES].add(item_of(event, info.digest, source))
            for lane in lanes:
                lane.flush(only_full=plan.speed is None)
            progress(f"{tally.sent:,} of {total:,} events sent")
        for lane in lanes:
            lane.finish()
    progress(f"{tally.sent:,} of {total:,} events sent")
    return tally


class Lane:
    """Events of some cases, sent one bulk request after the other."""

    def __init__(self, executor: ThreadPoolExecutor, client: Client, machine: str, tally: Tally) -> None:
        self._executor = executor
        self._client = client
        self._machine = machine
        self._tally = tally
        self._items: list[EventItem] = []
        self._bytes = 0
        self._running: list[Future[list[EventAnswer]]] = []

    def add(self, item: EventItem) -> None:
        size = len(json.dumps(item)) + 1
        if self._bytes + size > BATCH_BYTES or len(self._items) == BATCH_EVENTS:
            self.flush()
        self._items.append(item)
        self._bytes += size

    def flush(self, only_full: bool = False) -> None:
        """Send what has gathered; waits while too many requests are queued."""
        if not self._items or (only_full and len(self._items) < BATCH_EVENTS):
            return
        while len(self._running) >= QUEUED_BATCHES:
            self._settle()
        self._running.append(self._executor.submit(self._client.send_many, self._machine, self._items))
        self._items, self._bytes = [], 0

    def finish(self) -> None:
        self.flush()
        while self._running:
            self._settle()

    def _settle(self) -> None:
        """Count the answers of the oldest request; its failure ends the replay."""
        self._tally.add(self._running.pop(0).result())


def _grouped(events: Iterator[LogEvent]) -> Iterator[list[LogEvent]]:
    while group := list(islice(events, BATCH_EVENTS)):
        yield group


def _paced(events: Iterable[LogEvent], speed: float, sleep: Callable[[float], None]) -> Iterator[list[LogEvent]]:
    """Events in the order of time, each group when it is due; a case keeps the order of its rows in any event."""
    latest: dict[str, datetime] = {}
    timed = []
    for event in events:
        latest[event.case] = max(event.time, latest.get(event.case, event.time))
        timed.append((latest[event.case], event))
    timed.sort(key=lambda pair: (pair[0], pair[1].row))
    begun, first = time.monotonic(), timed[0][0] if timed else None
    group: list[LogEvent] = []
    for moment, event in timed:
        due = begun + (moment - (first or moment)).total_seconds() / speed
        if group and (len(group) == BATCH_EVENTS or due > time.monotonic()):
            yield group
            group = []
        if (wait := due - time.monotonic()) > 0:
            sleep(wait)
        group.append(event)
    if group:
        yield group


def _applied(plan: Plan, client: Client, tally: Tally, source: str, progress: Progress) -> Summary:
    """Wait until nothing of the machine waits any more. Raises ReplayError when nothing moves."""
    fewest, moved = None, time.monotonic()
    while pending := client.summary(plan.machine)["pending"]:
        if fewest is None or pending < fewest:
            fewest, moved = pending, time.monotonic()
        if time.monotonic() - moved > GIVE_UP_AFTER:
            raise ReplayError(
                f"{pending:,} events wait and nothing was applied for {GIVE_UP_AFTER:.0f} s; is a worker running?"
            )
        progress(f"{tally.sent:,} events sent, {pending:,} wait to be applied")
        time.sleep(POLL)
    return client.summary(plan.machine, source)


def _outcome(tally: Tally, summary: Summary, seconds: float) -> Outcome:
    """Lost is what was refused for another reason than an ended instance, and what was accepted but never journaled."""
    journaled = summary["outcomes"]
    missing = max(0, tally.accepted + tally.duplicate - sum(journaled.values()))
    return Outcome(
        sent=tally.sent,
        applied=journaled.get("applied", 0),
        ignored=journaled.get("ignored", 0) + tally.refused_finished,
        lost=tally.refused + missing + journaled.get("error", 0),
        seconds=seconds,
        summary=summary,
        reasons=[f"{count:,} × {reason}" for reason, count in tally.reasons.most_common(REASONS_KEPT)],
    )
