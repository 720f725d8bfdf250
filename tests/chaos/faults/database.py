"""A database that refuses: conflicts in every fifth transaction, and no connection left."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress

import httpx
import psycopg

from tests.chaos.charts import parcel
from tests.chaos.checker import await_settled, check_parcels
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.points import Control
from tests.chaos.system import System

SHARE = 0.2
RECOVERED = 30.0  # seconds

# Cut every connection but these.
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND NOT pid = ANY(%s)"""


@fault(15, "40001 and 40P01 in a fifth of all transactions", short=Size(1, 60), full=Size(50, 50_000))
def conflicts(system: System, size: Size, outcome: Outcome) -> None:
    """PostgreSQL itself ends transactions of the web process and of the workers; each is done anew as a whole."""
    system.up()
    system.publish("conflicts", parcel(system.http.url))
    client, sent, names = Client(system, "conflicts"), list[Event](), ("web", "worker", "effects")
    for name in names:
        system.control(name, Control(conflicts=SHARE, seed=size.seed))
    for events in load("conflicts", size):
        client.send(events)
        sent.extend(events)
    await_settled(system, "conflicts", outcome, 120)
    for name in names:
        system.control(name, None)
    outcome.rounds = sum(len(system.done_to(name)) for name in names)
    outcome.expect(outcome.rounds >= size.rounds, "there were no conflicts")
    check_parcels(system, "conflicts", client, sent, outcome)


@fault(16, "connections exhausted", short=Size(1, 100), full=Size(20, 2_000))
def no_connection(system: System, size: Size, outcome: Outcome) -> None:
    """All connections are cut and taken by somebody else: 503 until they are given back, and then all goes on."""
    system.up()
    system.publish("crowded", parcel(system.http.url))
    client, sent = Client(system, "crowded"), list[Event]()
    for events in load("crowded", size):
        with ExitStack() as held, system.client() as http:
            _take_all(system, held, http, outcome)
            sending = client.in_background(events)
            _await_doubt(system, client)
        begun = time.monotonic()
        sending.await_end()
        outcome.took(time.monotonic() - begun)
        outcome.rounds += 1
        sent.extend(events)
        await_settled(system, "crowded", outcome)
    outcome.expect((outcome.recovered or 0) <= RECOVERED, f"it took {outcome.recovered:.0f} s")
    check_parcels(system, "crowded", client, sent, outcome)


def _take_all(system: System, held: ExitStack, http: httpx.Client, outcome: Outcome) -> None:
    """Take every connection there is until the web process says that it has none."""
    mine: list[psycopg.Connection[tuple[object, ...]]] = []

    def fill() -> None:
        with suppress(psycopg.OperationalError):
            while True:
                mine.append(held.enter_context(psycopg.connect(system.address(), autocommit=True)))

    def refused() -> int:
        fill()
        mine[0].execute(CUT, [[one.info.backend_pid for one in mine]])
        fill()
        status = http.get("/machines").status_code
        return status if status >= 500 else 0

    status = system.wait(refused, "the web process has no connection")
    outcome.expect(status == 503, f"the answer without a connection was {status}")


def _await_doubt(system: System, client: Client) -> None:
    """Wait until the client was told once more that it cannot be served."""
    before = client.ledger.ambiguous
    system.wait(lambda: client.ledger.ambiguous > before, "a request is refused")
