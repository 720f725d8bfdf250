"""A client that knows what it was told: every request is acknowledged, rejected or ambiguous, and then asked again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.chaos.outcome import Size
from tests.chaos.system import System

BULK = 100
PATIENCE = 120.0  # seconds for which an ambiguous request is asked again
PAUSE = 0.05
CLOSED_EVERY = 5


@dataclass(frozen=True, slots=True)
class Event:
    """`key` is its idempotency key, which it also carries inside, so that the journal can be searched for it."""

    instance: str
    name: str
    key: str
    data: tuple[tuple[str, Any], ...] = ()
    occurred_at: str = ""

    def body(self) -> dict[str, Any]:
        when = {"occurredAt": self.occurred_at} if self.occurred_at else {}
        return {
            **when,
            "instance": self.instance,
            "event": self.name,
            "idempotencyKey": self.key,
            "data": {"k": self.key, **dict(self.data)},
            "start": True,
        }


@dataclass
class Ledger:
    """What the client was told: acknowledged keys with the event's number, rejected ones with the code."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)  # keys which were answered differently when asked again
    asked: dict[str, tuple[float, float]] = field(default_factory=dict)  # from when it was sent until it was answered
    ambiguous: int = 0  # requests whose answer was never heard
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, event: Event, answer: dict[str, Any]) -> None:
        with self._lock:
            if answer["status"] == "refused":
                self.rejected[event.key] = answer["code"]
                return
            if self.acknowledged.setdefault(event.key, answer["event"]) != answer["event"]:
                self.changed.append(event.key)

    def heard(self, events: Iterable[Event], sent: float) -> None:
        with self._lock:
            self.asked.update(dict.fromkeys((event.key for event in events), (sent, time.monotonic())))

    def doubt(self, requests: int = 1) -> None:
        with self._lock:
            self.ambiguous += requests


class Sending:
    """Events on their way while something breaks."""

    def __init__(self, system: System, slug: str, future: Future[None]) -> None:
        self._system, self._slug, self._future = system, slug, future

    def is_over(self) -> bool:
        return self._future.done()

    def await_work(self) -> None:
        """Wait until something waits to be applied, or all was sent."""
        self._system.wait(lambda: self.is_over() or self._system.left(self._slug) > 0, "something to do")

    def await_end(self) -> None:
        """Wait until every event has its answer."""
        self._system.wait(self.is_over, "all is sent", 2 * PATIENCE)
        self._future.result()


class Client:
    """Sends to one machine over HTTP, from as many threads as wanted, until each event has an answer."""

    def __init__(self, system: System, slug: str) -> None:
        self._system = system
        self._slug = slug
        self._path = f"/machines/{slug}/events"
        self.ledger = Ledger()

    def send(self, events: Iterable[Event], bulk: int = BULK, threads: int = 1) -> None:
        """Send all; raises AssertionError when something stays unanswered."""
        parts = list(_parts(list(events), bulk))
        with ThreadPoolExecutor(threads) as pool, self._system.client() as http:
            for _ in pool.map(lambda part: self._insist(http, part), parts):
                pass

    def in_background(self, events: Iterable[Event], bulk: int = BULK) -> Sending:
        """The same in a thread of its own, while the caller breaks things."""
        pool = ThreadPoolExecutor(1)
        future = pool.submit(self.send, list(events), bulk)
        pool.shutdown(wait=False)
        return Sending(self._system, self._slug, future)

    def _insist(self, http: httpx.Client, events: Sequence[Event]) -> None:
        sent = time.monotonic()
        pause = threading.Event()
        while not self._ask(http, events):
            self.ledger.doubt()
            assert time.monotonic() < sent + PATIENCE, f"no answer for {len(events)} events"
            pause.wait(PAUSE)
        self.ledger.heard(events, sent)

    def _ask(self, http: httpx.Client, events: Sequence[Event]) -> bool:
        """Whether there was an answer; everything else leaves open what happened."""
        try:
            answer = http.post(self._path, json={"events": [event.body() for event in events]})
        except httpx.TransportError:
            return False
        if answer.status_code >= 500:
            return False
        assert answer.status_code in (200, 207), answer.text
        for event, item in zip(events, answer.json()["items"], strict=True):
            self.ledger.note(event, item)
        return True


def load(slug: str, size: Size, per_instance: int = 10) -> list[list[Event]]:
    """For each round `add`s of many instances in a mixed order, and then the `close` of every fifth instance."""
    dice = random.Random(size.seed)
    rounds = []
    for number in range(size.rounds):
        names = [f"{slug}-{number}-{at}" for at in range(max(1, size.items // size.rounds // per_instance))]
        adds = [Event(name, "add", f"{name}-{at}") for name in names for at in range(per_instance)]
        dice.shuffle(adds)
        rounds.append([*adds, *(Event(name, "close", f"{name}-close") for name in names[::CLOSED_EVERY])])
    return rounds


def _parts(events: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    for at in range(0, len(events), size):
        yield events[at : at + size]
