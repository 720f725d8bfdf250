"""What events look like and how many there are: other orders, sizes at the bounds, and long histories."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.charts import growing, ticking, tracing
from tests.chaos.checker import await_settled, check
from tests.chaos.client import Client, Event, Ledger
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import APART, System

MANY = 20  # rounds; of fewer the p95 is hardly more than the worst
FLAT = 1.5  # how much more a step may cost in a long history
DATA = 256 * 1024  # bytes of JSON that an event or a start may carry
SIZES = {DATA: True, DATA + 1: False, 1_000_000: False, 50_000_000: False}
SNAPSHOT = 2_000_000  # characters that an instance may hold

# Steps of an instance that were set aside, or whose expression was refused.
ASIDE = """SELECT count(*) FROM runtime_journalentry j JOIN runtime_instance i ON i.id = j.instance_id
WHERE i.key = %s AND (outcome = 'error' OR detail::json->>'errors' <> '[]')"""

# An instance's events in the order in which they were applied: their numbers, keys, and places in the inbox.
APPLIED = """SELECT (data::json->>'number')::int, data::json->>'k', event FROM runtime_journalentry j
JOIN runtime_instance i ON i.id = j.instance_id WHERE i.key = %s AND kind = 'event' ORDER BY j.seq"""


@fault(9, "shuffled order", short=Size(2, 200), full=Size(100, 50_000))
def shuffled(system: System, size: Size, outcome: Outcome) -> None:
    """Events come in any order, with any times, from several clients: what was committed first counts first.

    Committed first was at any rate what had been acknowledged before the other was sent, and in one request what
    stood before the other; of those sent at the same time either may be first.
    """
    system.up()
    system.publish("order", tracing())
    client, dice = Client(system, "order"), random.Random(size.seed)
    instances = [f"order-{number}" for number in range(size.rounds)]
    now = datetime.now(UTC)
    events = [
        Event(
            dice.choice(instances),
            "add",
            f"order-{number}",
            (("number", number),),
            (now - timedelta(seconds=dice.randrange(10_000))).isoformat(),
        )
        for number in range(size.items)
    ]
    dice.shuffle(events)
    client.send(events, bulk=7, threads=4)
    await_settled(system, "order", outcome)
    outcome.rounds = size.rounds
    for instance in instances:
        applied = system.query(APPLIED, instance)
        trace = _context(system, "order", instance)["trace"]
        outcome.expect(trace == [row[0] for row in applied], f"{instance} is not what its journal tells")
        outcome.expect(_in_order(applied, client.ledger), f"{instance} has another order")
    check(system, "order", client.ledger, outcome)


def _in_order(applied: Sequence[tuple[Any, ...]], ledger: Ledger) -> bool:
    """Whether nothing was applied after what was sent only when it had been acknowledged."""
    latest, places = 0.0, dict[tuple[float, float], int]()
    for _, key, place in applied:
        sent, answered = asked = ledger.asked[key]
        if answered < latest or place < places.get(asked, 0):
            return False
        latest, places[asked] = max(latest, sent), place
    return True


def _context(system: System, slug: str, key: str) -> dict[str, Any]:
    with system.client() as http:
        found = http.get(f"/machines/{slug}/instances", params={"key": key}).json()["instances"][0]["id"]
        context: dict[str, Any] = http.get(f"/instances/{found}").json()["context"]
        return context


@fault(19, "contexts of 256 KiB, 1 MB and 50 MB", short=Size(1, 1), full=Size(20, 1))
def sizes(system: System, size: Size, outcome: Outcome) -> None:
    """At the bound all is kept to the last byte; past it the request is refused and nothing is stored."""
    system.up("web", "worker", "beat", "effects")
    system.publish("sizes", growing())
    client = Client(system, "sizes")
    for number in range(size.rounds):
        for bytes_, fits in SIZES.items():
            outcome.rounds += 1
            key = f"sizes-{number}-{bytes_}"
            _send(system, client, key, bytes_, fits, outcome)
            _start(system, f"{key}-start", bytes_, fits, outcome)
        _grow(system, client, f"sizes-{number}-grown", outcome)
    check(system, "sizes", client.ledger, outcome)


def _send(system: System, client: Client, key: str, bytes_: int, fits: bool, outcome: Outcome) -> None:
    body = Event(key, "keep", key).body()
    body["data"]["text"] = "x" * (bytes_ - len('{"k":"","text":""}') - len(key))
    with system.client() as http:
        answer = http.post("/machines/sizes/events", json={"events": [body]})
    item = answer.json()["items"][0] if answer.status_code in (200, 207) else {"status": "refused", "code": "too-large"}
    outcome.expect(answer.status_code in (200, 207, 413), f"{bytes_} bytes of data: {answer.status_code}")
    client.ledger.note(Event(key, "keep", key), item)
    outcome.expect((item["status"] == "accepted") == fits, f"{bytes_} bytes of data: {item}")
    if fits:
        await_settled(system, "sizes", outcome)
        kept = len(_context(system, "sizes", key)["kept"])
        outcome.expect(kept == len(body["data"]["text"]), f"{kept} characters are left of {bytes_} bytes")


def _start(system: System, key: str, bytes_: int, fits: bool, outcome: Outcome) -> None:
    text = "x" * (bytes_ - len('{"kept":""}'))
    with system.client() as http:
        answer = http.post("/machines/sizes/instances", json={"key": key, "context": {"kept": text}})
    outcome.expect(answer.status_code == (201 if fits else 413), f"{bytes_} bytes to start: {answer.status_code}")
    stored = system.count("SELECT count(*) FROM runtime_instance WHERE key = %s", key)
    outcome.expect(stored == fits, f"{bytes_} bytes to start: {stored} instances")
    if fits:
        await_settled(system, "sizes", outcome)
        kept = len(_context(system, "sizes", key)["kept"])
        outcome.expect(kept == len(text), f"{kept} characters are left of {bytes_} bytes at the start")


def _grow(system: System, client: Client, key: str, outcome: Outcome) -> None:
    """A context that grows step by step stops growing at its bound: the step is set aside and the journal says so."""
    text = "x" * 200_000
    events = [Event(key, "grow", f"{key}-{at}", (("text", text),)) for at in range(SNAPSHOT // len(text) + 1)]
    client.send(events, bulk=4)
    await_settled(system, "sizes", outcome)
    kept = _context(system, "sizes", key)["all"]
    outcome.expect(all(item == text for item in kept), f"{key} was cut")
    outcome.expect(len(kept) * len(text) < SNAPSHOT, f"{key} holds {len(kept)} texts")
    told = system.count(ASIDE, key)
    outcome.expect(told == len(events) - len(kept), f"{key}: {told} of {len(events) - len(kept)} refusals are told")


@fault(20, "a history of 10,000 events", short=Size(15, 1_500), full=Size(40, 10_000))
def long_history(system: System, size: Size, outcome: Outcome) -> None:
    """A step costs the same however long the history is."""
    system.publish("history", ticking(), APART)
    given = {"slug": "history", "events": 20}
    system.victim.ask("time_steps", APART, key="old", rounds=1, slug="history", events=size.items)
    paired = [
        [system.victim.ask("time_steps", APART, key=key, rounds=2, **given)[1] for key in (f"young-{number}", "old")]
        for number in range(size.rounds)
    ]
    outcome.rounds = size.rounds
    level = 95 if size.rounds >= MANY else 50
    young, old = (statistics.quantiles([pair[at] for pair in paired], n=100)[level - 1] for at in (0, 1))
    outcome.note = f"p{level} of a step {1e6 * young:.0f} µs young, {1e6 * old:.0f} µs old, {old / young:.2f} times"
    outcome.expect(old <= FLAT * young, outcome.note)
    outcome.problems.extend(system.victim.ask("problems", APART, slug="history"))
