"""PostgreSQL and Redis that die, forget and stay away."""

from __future__ import annotations

import random
import threading
import time

from tests.chaos.charts import parcel
from tests.chaos.checker import await_settled, check_parcels
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import SWEEP, System

RESUMED = 30.0  # seconds in which work must go on
LONG_ABSENCE = 60.0
LONG_EVERY = 25  # rounds


@fault(3, "PostgreSQL killed (immediate) mid-batch", short=Size(1, 400), full=Size(50, 100_000))
def database_killed(system: System, size: Size, outcome: Outcome) -> None:
    """The server is shut down without a checkpoint while events wait; nobody restarts a worker."""
    system.up()
    system.publish("database", parcel(system.http.url))
    client, sent, before = Client(system, "database"), list[Event](), len(system.restarts)
    for events in load("database", size):
        sending = client.in_background(events)
        sending.await_work()
        system.crash_database()
        system.cluster.start()
        begun = time.monotonic()
        _await_progress(system, "database")
        outcome.took(time.monotonic() - begun)
        outcome.rounds += 1
        sending.await_end()
        sent.extend(events)
    system.wait(lambda: system.left("database") == 0, "all is applied", 120)
    outcome.expect((outcome.recovered or 0) <= RESUMED, f"it took {outcome.recovered:.0f} s to go on")
    outcome.expect(len(system.restarts) == before, f"{system.restarts[before:]} ended with the database")
    check_parcels(system, "database", client, sent, outcome)


def _await_progress(system: System, slug: str) -> None:
    """Wait until something is applied, or nothing is left to be."""
    statement = "SELECT count(*) FROM runtime_journalentry"
    before = system.count(statement)
    system.wait(lambda: system.count(statement) > before or not system.left(slug), "work goes on")


@fault(4, "Redis FLUSHALL, kill -9, stopped for a minute", short=Size(3, 300), full=Size(50, 10_000))
def broker_lost(system: System, size: Size, outcome: Outcome) -> None:
    """Hints are lost while events come in; no worker is started again by hand."""
    system.up()
    system.publish("broker", parcel(system.http.url))
    client, dice, sent = Client(system, "broker"), random.Random(size.seed), list[Event]()
    before = len(system.restarts)
    for number, events in enumerate(load("broker", size)):
        sending = client.in_background(events)
        _lose(system, number, size, dice)
        sending.await_end()
        await_settled(system, "broker", outcome, 120)
        outcome.rounds += 1
        sent.extend(events)
    outcome.expect(len(system.restarts) == before, f"{system.restarts[before:]} ended with the broker")
    outcome.note = f"{(outcome.recovered or 0) / SWEEP:.0f} sweeps at most"
    check_parcels(system, "broker", client, sent, outcome)


def _lose(system: System, number: int, size: Size, dice: random.Random) -> None:
    """What happens to the broker in this round."""
    if number % 3 == 0:
        system.redis.forget_all()
        return
    system.redis.kill()
    if number % 3 == 1:
        away = LONG_ABSENCE if size.rounds >= LONG_EVERY and number % LONG_EVERY == 1 else dice.random()
        threading.Event().wait(away)
    system.redis.start()
