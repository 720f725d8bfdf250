"""The invariants over the database, the world outside, and what the client was told.

`verify` speaks for the journal and the snapshots; here the acknowledged keys and the effects are held against them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from tests.chaos.client import Client, Event, Ledger
from tests.chaos.outcome import Outcome
from tests.chaos.sinks import Received
from tests.chaos.system import MAIN, OURS, System

# How often the journal has each key that the client gave.
SEEN = f"""SELECT data::json->>'k', count(*) FROM runtime_journalentry
WHERE kind = 'event' AND instance_id IN ({OURS}) GROUP BY 1"""

# What an activity answered more than once, or under a key that another activity has.
ANSWERED_TWICE = f"""SELECT count(*) FROM (
    SELECT 1 FROM runtime_journalentry WHERE kind = 'activity' AND instance_id IN ({OURS})
    GROUP BY instance_id, data::json->>'invocation' HAVING count(*) > 1) a"""
# I2: places in the history that are taken twice.
TWICE_IN_PLACE = f"""SELECT count(*) FROM (
    SELECT 1 FROM runtime_journalentry WHERE instance_id IN ({OURS})
    GROUP BY instance_id, seq HAVING count(*) > 1) a"""

SHARED_KEYS = f"""SELECT count(*) FROM (
    SELECT 1 FROM runtime_activityrun WHERE instance_id IN ({OURS})
    GROUP BY idempotency_key HAVING count(*) > 1) a"""


def await_settled(system: System, slug: str, outcome: Outcome, seconds: float = 60.0) -> None:
    """Wait until nothing is left to do, and note how long that took."""
    begun = time.monotonic()
    system.wait(lambda: system.left(slug) == 0, f"all of {slug} is applied", seconds)
    outcome.took(time.monotonic() - begun)


def check(system: System, slug: str, ledger: Ledger, outcome: Outcome, *, database: str = MAIN) -> None:
    """I1 to I6 for one machine, its ledger included."""
    seen: Mapping[str, int] = dict(system.query(SEEN, slug, database=database))
    outcome.lost += sum(1 for key in ledger.acknowledged if not seen.get(key))
    outcome.doubled += sum(1 for key in ledger.acknowledged if seen.get(key, 0) > 1)
    for key in ledger.rejected:
        outcome.expect(not seen.get(key), f"{key} was refused and is in the journal")
    for key in ledger.changed:
        outcome.problems.append(f"{key} was answered differently when it was sent again")
    for statement in (TWICE_IN_PLACE, ANSWERED_TWICE, SHARED_KEYS):
        outcome.doubled += system.count(statement, slug, database=database)
    waiting = system.left(slug, database)
    outcome.expect(waiting == 0, f"{waiting} things are left undone")
    outcome.problems.extend(system.victim.ask("problems", database, slug=slug))


def check_effects(events: list[Event], received: Received, outcome: Outcome, *, counted: bool = True) -> None:
    """I4: each instance that was closed reached the world under one idempotency key, with the right count."""
    adds = Counter(event.instance for event in events if event.name == "add")
    for instance in {event.instance for event in events if event.name == "close"}:
        keys = received.keys.get(instance, set())
        outcome.lost += not keys
        outcome.doubled += len(keys) > 1
        if counted and keys:
            told = received.asked[instance][0]["count"]
            outcome.expect(told == adds[instance], f"{instance} counted {told} of {adds[instance]} events")


def check_parcels(system: System, slug: str, client: Client, events: list[Event], outcome: Outcome) -> None:
    """All that can be said of a machine of parcels whose events were all acknowledged."""
    missing = {event.key for event in events} - set(client.ledger.acknowledged)
    outcome.expect(not missing, f"{len(missing)} events were never acknowledged")
    check(system, slug, client.ledger, outcome)
    check_effects(events, system.http.received, outcome)
    check_effects(events, system.mail.received, outcome, counted=False)
