"""Beat that is away or there three times, wrong clocks, and a million timers at once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.chaos.charts import held, parcel, ticking, waiting
from tests.chaos.checker import await_settled, check, check_parcels
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import ALL, LEASE, OURS, System, skewed

DRAINED = 60.0  # seconds in which overdue timers must have fired
STARVED = 5.0  # seconds after which a fresh event counts as starved
PER_INSTANCE = 100
FRESH = 0.05  # seconds between two fresh events
GROWTH = 200_000  # kB by which a worker may grow

# How often the timers of a machine fired, and how many of them before their time.
FIRED = f"""SELECT count(*), count(DISTINCT instance_id), count(*) FILTER (WHERE recorded_at < occurred_at)
FROM runtime_journalentry WHERE kind = 'timer' AND instance_id IN ({OURS})"""

# What timers send to many instances at the same time.
TICKS = f"""INSERT INTO runtime_timer (instance_id, shard, kind, ref, event, data, due, wake, hops, target)
SELECT id, (id %% 64)::smallint, 'event', 'tick-' || n, 'tick', '{{}}', now(), now(), 0, ''
FROM runtime_instance, generate_series(1, %s) n WHERE id IN ({OURS})"""

# Let timers be as old as if nobody had looked for ten minutes.
AGED = f"""UPDATE runtime_timer SET due = u.due, wake = u.due
FROM (SELECT instance_id, kind, ref, now() - random() * interval '10 minutes' AS due FROM runtime_timer) u
WHERE (runtime_timer.instance_id, runtime_timer.kind, runtime_timer.ref) = (u.instance_id, u.kind, u.ref)
    AND runtime_timer.instance_id IN ({OURS})"""

# How many activities were begun again.
STOLEN = f"SELECT count(*) FROM runtime_activityrun WHERE attempts > 1 AND instance_id IN ({OURS})"

# How long the oldest fresh event has been waiting, in seconds.
OLDEST = f"""SELECT coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float
FROM runtime_inboxevent WHERE name = 'add' AND instance_id IN ({OURS})"""


def _begin(slug: str, number: int) -> list[Event]:
    return [Event(f"{slug}-{at}", "begin", f"{slug}-{at}") for at in range(number)]


def _check_fired(system: System, slug: str, expected: int, outcome: Outcome) -> None:
    fired, instances, early = system.query(FIRED, slug)[0]
    outcome.lost += expected - instances
    outcome.doubled += fired - instances
    outcome.expect(not early, f"{early} timers fired before their time")


@fault(5, "beat off for ten minutes", short=Size(1, 300), full=Size(1, 10_000))
def beat_off(system: System, size: Size, outcome: Outcome) -> None:
    """Timers fall due while nobody looks: as if ten minutes had passed, each fires once when beat is back."""
    system.up()
    system.publish("overdue", waiting("PT1H"))
    client = Client(system, "overdue")
    client.send(_begin("overdue", size.items))
    await_settled(system, "overdue", outcome)
    system.down("beat")
    system.query(AGED, "overdue")
    begun = time.monotonic()
    system.up("beat")
    system.wait(lambda: system.left("overdue") == 0, "all overdue timers have fired", 2 * DRAINED)
    outcome.recovered = time.monotonic() - begun
    outcome.rounds = size.items
    outcome.expect(outcome.recovered <= DRAINED, f"it took {outcome.recovered:.0f} s")
    _check_fired(system, "overdue", size.items, outcome)
    check(system, "overdue", client.ledger, outcome)


@fault(6, "three beats", short=Size(1, 200), full=Size(10, 20_000))
def three_beats(system: System, size: Size, outcome: Outcome) -> None:
    """Every sweep comes three times; timers, activities and events are done once."""
    system.up()
    system.up("beat-2", "beat-3")
    system.publish("beats", parcel(system.http.url))
    system.publish("ticks", waiting("PT1S"))
    client, ticks, sent = Client(system, "beats"), Client(system, "ticks"), list[Event]()
    ticks.send(_begin("ticks", size.items // 2))
    for events in load("beats", size):
        client.send(events)
        sent.extend(events)
        outcome.rounds += 1
    await_settled(system, "beats", outcome)
    _await_fired(system, "ticks", size.items // 2)
    system.down("beat-2", "beat-3")
    _check_fired(system, "ticks", size.items // 2, outcome)
    check(system, "ticks", ticks.ledger, outcome)
    check_parcels(system, "beats", client, sent, outcome)


def _await_fired(system: System, slug: str, number: int) -> None:
    system.wait(lambda: system.query(FIRED, slug)[0][1] >= number and not system.left(slug), f"timers of {slug}")


@fault(7, "clock of one process off by an hour", short=Size(1, 20), full=Size(8, 200))
def wrong_clock(system: System, size: Size, outcome: Outcome) -> None:
    """One process after the other lives an hour ahead or behind: nothing fires early, and no lease is taken away."""
    system.up()
    system.publish("late", waiting("PT1S"))
    system.publish("kept", held(system.http.url))
    client, kept = Client(system, "late"), Client(system, "kept")
    for number in range(size.rounds):
        names = ALL[1:3] if size.rounds == 1 else [ALL[number % 4]]
        system.replace(*names, **skewed(1 if number < 4 else -1))
        system.wait(partial(_are_skewed, system, names), "the clock is changed")
        system.http.gate.clear()
        kept.send([Event(f"kept-{number}", "begin", f"kept-{number}")])
        client.send(_begin(f"late-{number}", size.items))
        system.wait(partial(_is_extended, system, f"kept-{number}"), "the lease is kept")
        system.http.gate.set()
        _await_fired(system, "late", size.items * (number + 1))
        await_settled(system, "kept", outcome)
        system.replace(*names)
        outcome.rounds += 1
    stolen = system.count(STOLEN, "kept")
    outcome.expect(not stolen, f"{stolen} leases were taken away")
    _check_fired(system, "late", size.items * size.rounds, outcome)
    check(system, "late", client.ledger, outcome)
    check(system, "kept", kept.ledger, outcome)


def _are_skewed(system: System, names: Iterable[str]) -> bool:
    return all("libfaketime" in Path(f"/proc/{system.pid(name)}/maps").read_text() for name in names)


def _is_extended(system: System, key: str) -> bool:
    """Whether the lease lasts already far longer than the first one would have."""
    asked = """SELECT count(*) FROM runtime_activityrun a JOIN runtime_instance i ON i.id = a.instance_id
        WHERE i.key = %s AND a.lease_until > a.started_at + %s * interval '1 second'"""
    return system.count(asked, key, 1.5 * LEASE) == 1


@fault(18, "timers due at once beside fresh events", short=Size(1, 5_000), full=Size(1, 1_000_000))
def many_timers(system: System, size: Size, outcome: Outcome) -> None:
    """Fresh events are applied in time while the timers are worked off, and the workers stay small."""
    system.up()
    system.publish("many", ticking())
    system.publish("fresh", ticking())
    client, fresh = Client(system, "many"), Client(system, "fresh")
    client.send(_begin("many", size.items // PER_INSTANCE))
    await_settled(system, "many", outcome, 120)
    before = _memory(system)
    system.query(TICKS, PER_INSTANCE, "many")
    begun, waited, sent = time.monotonic(), [0.0], 0
    while system.left("many") or not sent:
        fresh.send([Event(f"fresh-{sent % 50}", "add", f"fresh-{sent}")])
        sent += 1
        waited.append(system.query(OLDEST, "fresh")[0][0])
        system.keep()
    outcome.recovered = time.monotonic() - begun
    await_settled(system, "fresh", Outcome())
    outcome.rounds = system.query(FIRED, "many")[0][0]
    p99 = sorted(waited)[int(len(waited) * 0.99)]
    grown = _memory(system) - before
    outcome.note = f"p99 of {sent} fresh events {p99:.2f} s, workers grew by {grown // 1000} MB"
    outcome.expect(p99 <= STARVED, f"fresh events waited {p99:.1f} s")
    outcome.expect(grown <= GROWTH, f"the workers grew by {grown} kB")
    outcome.lost += size.items - outcome.rounds
    check(system, "fresh", fresh.ledger, outcome)


def _memory(system: System) -> int:
    """kB which the processes that apply events have at most."""
    found = 0
    for pid in system.children("worker"):
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found = max(found, int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))))
    return found
