"""What happens on the way in: answers that are not heard, repeats, other orders, and payloads at the bounds."""

from __future__ import annotations

from tests.chaos.charts import parcel
from tests.chaos.checker import await_settled, check_parcels
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.points import Control
from tests.chaos.system import System

CLIENTS = 32
TIMES = 3
OTHERS = 500


@fault(2, "commit succeeded, client saw an error", short=Size(8, 160), full=Size(1_000, 20_000))
def unheard_commits(system: System, size: Size, outcome: Outcome) -> None:
    """The web process loses its connection right behind every other commit, and answers that it failed."""
    system.up()
    system.publish("unheard", parcel(system.http.url))
    client, sent = Client(system, "unheard"), list[Event]()
    system.control("web", Control(unheard=0.5, seed=size.seed))
    for events in load("unheard", size):
        client.send(events, bulk=10)
        sent.extend(events)
    system.control("web", None)
    outcome.rounds = len(system.done_to("web"))
    outcome.expect(outcome.rounds >= size.rounds, f"only {outcome.rounds} commits were not heard of")
    await_settled(system, "unheard", outcome)
    check_parcels(system, "unheard", client, sent, outcome)


@fault(8, "every event three times from 32 clients", short=Size(1, 600), full=Size(10, 100_000))
def repeats(system: System, size: Size, outcome: Outcome) -> None:
    """The same keys from all sides at once have the same answers; another payload under a key is refused."""
    system.up()
    system.publish("repeats", parcel(system.http.url))
    client, sent = Client(system, "repeats"), list[Event]()
    for events in load("repeats", size):
        for name in ("add", "close"):
            client.send(_repeated([event for event in events if event.name == name]), bulk=20, threads=CLIENTS)
        sent.extend(events)
    outcome.rounds = TIMES * len(sent)
    other = [Event(event.instance, event.name, event.key, (("other", True),)) for event in sent[:OTHERS]]
    refused = Client(system, "repeats")
    refused.send(other)
    wrong = sum(refused.ledger.rejected.get(event.key) != "conflict" for event in other)
    outcome.expect(not wrong, f"{wrong} other payloads under a known key were not refused")
    await_settled(system, "repeats", outcome)
    check_parcels(system, "repeats", client, sent, outcome)


def _repeated(events: list[Event], near: int = 100) -> list[Event]:
    """Each event several times, so near to each other that the clients send them at the same time."""
    parts = [events[at : at + near] for at in range(0, len(events), near)]
    return [event for part in parts for _ in range(TIMES) for event in part]
