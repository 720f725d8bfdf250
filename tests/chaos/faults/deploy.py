"""New versions, and the old one again, while events come in and workers are restarted one after the other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.chaos.charts import COUNT, parcel
from tests.chaos.checker import await_settled, check
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import OURS, System

VERSIONS = f"""SELECT i.key, v.number FROM runtime_instance i JOIN definitions_version v ON v.id = i.version_id
WHERE i.id IN ({OURS})"""
TENFOLD = 10


@fault(13, "deploy v1, v2, v1 under load", short=Size(2, 120), full=Size(30, 30_000))
def deploy(system: System, size: Size, outcome: Outcome) -> None:
    """An instance begins in one version and gets its later events in the next; it stays what it was."""
    system.up()
    documents = [parcel(system.http.url), _tenfold(system.http.url)]
    client, sent, pinned = Client(system, "deploy"), list[Event](), dict[str, int]()
    system.publish("deploy", documents[0])
    for number, events in enumerate(load("deploy", size)):
        client.send(events[: len(events) // 2])
        pinned = {**dict(system.query(VERSIONS, "deploy")), **pinned}
        sending = client.in_background(events[len(events) // 2 :])
        outcome.expect(
            system.publish("deploy", documents[(number + 1) % 2]) == number + 2, "a deployment made no version"
        )
        system.restart(("worker", "effects")[number % 2])
        sending.await_end()
        sent.extend(events)
        outcome.rounds += 1
    await_settled(system, "deploy", outcome)
    now = dict(system.query(VERSIONS, "deploy"))
    moved = sum(now[key] != version for key, version in pinned.items())
    outcome.expect(not moved, f"{moved} instances changed their version")
    check(system, "deploy", client.ledger, outcome)
    _check_counts(system, sent, now, outcome)


def _tenfold(url: str) -> dict[str, Any]:
    """Another version of the parcel: an `add` counts ten times."""
    document = parcel(url)
    document["states"]["open"]["on"][0]["actions"] = [COUNT] * TENFOLD
    return document


def _check_counts(system: System, sent: list[Event], versions: dict[str, int], outcome: Outcome) -> None:
    """What an instance told the world is what its own version counts."""
    adds = Counter(event.instance for event in sent if event.name == "add")
    for event in sent:
        if event.name == "close":
            factor = 1 if versions[event.instance] % 2 else TENFOLD
            told = [asked["count"] for asked in system.http.received.asked[event.instance]]
            outcome.expect(told == [factor * adds[event.instance]], f"{event.instance} told {told}")
