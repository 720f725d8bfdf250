"""Processes that are killed: at every point there is, at random, and around the broker's acknowledgement."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from functools import partial
from itertools import count

from tests.chaos.charts import parcel
from tests.chaos.checker import await_settled, check, check_effects, check_parcels
from tests.chaos.client import Client, Event, Ledger, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.points import Control
from tests.chaos.system import APART, System

WORKERS = ("worker", "effects")
MOST_POINTS = 1_000
EVERY = ("sql", "commit", "http", "mail")


@fault(1, "kill -9 at every statement, request and mail", short=Size(1, 5), full=Size(20, 1))
def every_point(system: System, size: Size, outcome: Outcome) -> None:
    """One life of a parcel for each (`items`-th) point there is; its process dies there, and another takes over."""
    system.publish("points", parcel(system.http.url), APART)
    ledger, sent = Ledger(), list[Event]()
    for number in range(size.rounds):
        for at in count(1, size.items):
            assert at < MOST_POINTS, "the points never end"
            events = _life(f"p{number}-{at}")
            sent.extend(events)
            if not lived(system, "points", events, ledger, Control(die_at=at, kinds=EVERY)):
                break
            outcome.rounds += 1
    check(system, "points", ledger, outcome, database=APART)
    check_effects(sent, system.http.received, outcome)
    check_effects(sent, system.mail.received, outcome, counted=False)


def _life(instance: str) -> list[Event]:
    return [Event(instance, name, f"{instance}-{name}") for name in ("add", "close")]


def lived(
    system: System,
    slug: str,
    events: list[Event],
    ledger: Ledger,
    control: Control,
    database: str = APART,
    early: bool = False,
) -> int:
    """How many processes were killed until the events were accepted and all had been done that follows from them.

    The first is under `control`, and those after it too where that kills by chance. What a client was told to be
    accepted it does not send again.
    """
    left, killed = [request_of(slug, event) for event in events], 0
    while True:
        again = control if control.chance or not killed else None
        ended = system.victim.run("live", again, database, events=left, early=early)
        ledger.acknowledged.update(dict.fromkeys(ended.told, 0))
        left = [given for given in left if given["idempotency_key"] not in ended.told]
        if not ended.killed:
            return killed
        killed += 1


def request_of(slug: str, event: Event) -> dict[str, object]:
    """The event as the runtime's own command takes it."""
    return {
        "machine": slug,
        "key": event.instance,
        "name": event.name,
        "data": event.body()["data"],
        "idempotency_key": event.key,
        "source": "chaos",
        "start": True,
    }


@fault(1, "kill -9 of workers at random", short=Size(4, 400), full=Size(200, 100_000))
def at_random(system: System, size: Size, outcome: Outcome) -> None:
    """A worker or one of its children dies every now and then while events come in."""
    system.up()
    system.publish("random", parcel(system.http.url))
    client, dice, sent = Client(system, "random"), random.Random(size.seed), list[Event]()
    for events in load("random", size):
        sending = client.in_background(events)
        sending.await_work()
        outcome.rounds += _kill_one(system, dice)
        sending.await_end()
        sent.extend(events)
    await_settled(system, "random", outcome)
    check_parcels(system, "random", client, sent, outcome)


def _kill_one(system: System, dice: random.Random) -> bool:
    name = dice.choice(WORKERS)
    pids = [system.pid(name), *system.children(name)]
    with suppress(ProcessLookupError):
        os.kill(dice.choice(pids), signal.SIGKILL)
        return True
    return False


@fault(1, "kill -9 around the broker's acknowledgement", short=Size(2, 20), full=Size(20, 200))
def around_the_acknowledgement(system: System, size: Size, outcome: Outcome) -> None:
    """The process that talks to the broker dies before, and after, it acknowledges a message."""
    system.up()
    system.publish("acks", parcel(system.http.url))
    client, sent = Client(system, "acks"), list[Event]()
    for number, events in enumerate(load("acks", size, per_instance=1)):
        name = WORKERS[number // 2 % 2]
        system.control(name, Control(die_at=number % 2 + 1, kinds=("ack",), once=True))
        client.send(events)
        system.wait(partial(system.done_to, name), f"{name} dies")
        outcome.rounds += 1
        sent.extend(events)
    await_settled(system, "acks", outcome)
    check_parcels(system, "acks", client, sent, outcome)
