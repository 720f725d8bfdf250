"""Tests of the tests: the same scenario with a safeguard taken out must be seen to lose or to double something."""

from __future__ import annotations

import psycopg

from tests.chaos.charts import ticking
from tests.chaos.checker import check
from tests.chaos.client import Event, Ledger
from tests.chaos.faults.kills import lived, request_of
from tests.chaos.outcome import Outcome
from tests.chaos.points import Control
from tests.chaos.system import APART, System
from tests.support import wait_for

EVENTS = 20
BEHIND_COMMIT = "ending"  # the point between the last statement of a transaction and its commit

# How many sessions of a database wait for a lock.
BLOCKED = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = %s"""

NO_UNIQUE_KEY = "ALTER TABLE runtime_eventkey DROP CONSTRAINT event_key_unique"
NO_JOURNAL_KEY = "ALTER TABLE runtime_journalentry DROP CONSTRAINT runtime_journalentry_pkey"

# Let the inputs of one instance lie in two shards, as if two releases disagreed about it.
TWO_SHARDS = """UPDATE runtime_inboxevent SET shard = shard + id %% 2
WHERE instance_id IN (SELECT id FROM runtime_instance WHERE key = %s) RETURNING shard"""


def same_key_at_once(system: System, sabotaged: bool) -> Outcome:
    """Two processes have found the same keys to be new before either has stored them."""
    database, slug, ledger, outcome = _prepared(system, "unique", sabotaged)
    system.victim.ask("accept", database, events=[request_of(slug, Event(slug, "add", "first"))])
    control = None
    if sabotaged:
        system.query(NO_UNIQUE_KEY, database=database)
        control = Control(rewrite=((" ON CONFLICT (source, key) DO NOTHING", ""),))
    events = [Event(slug, "add", f"{slug}-{number}") for number in range(EVENTS)]
    requests = [request_of(slug, event) for event in events]
    _race(system, database, "runtime_eventkey", control, "send_at_once", [{"events": requests}] * 2)
    ledger.acknowledged.update(dict.fromkeys((event.key for event in events), 0))
    system.victim.ask("settle", database)
    check(system, slug, ledger, outcome, database=database)
    return outcome


def two_writers(system: System, sabotaged: bool) -> Outcome:
    """Two processes have read the same instance before either has written it."""
    database, slug, ledger, outcome = _prepared(system, "fence", sabotaged)
    system.victim.ask("accept", database, events=[request_of(slug, Event(slug, "add", "first"))])
    system.victim.ask("settle", database)
    control = None
    if sabotaged:
        system.query(NO_JOURNAL_KEY, database=database)  # it would catch what the fence lets through
        control = Control(rewrite=((" AND t.seq = u.expected", ""),))
    events = [Event(slug, "add", f"{slug}-{number}") for number in range(EVENTS)]
    system.victim.ask("accept", database, events=[request_of(slug, event) for event in events])
    ledger.acknowledged.update(dict.fromkeys((event.key for event in events), 0))
    shards = sorted({row[0] for row in system.query(TWO_SHARDS, slug, database=database)})
    _race(system, database, "runtime_journalentry", control, "settle", [{"shards": [shard]} for shard in shards])
    check(system, slug, ledger, outcome, database=database)
    return outcome


def told_and_killed(system: System, sabotaged: bool) -> Outcome:
    """A process dies right before it commits what it was sent; sabotaged, it has acknowledged that already."""
    database, slug, ledger, outcome = _prepared(system, "early", sabotaged)
    for number in range(EVENTS // 4):
        event = Event(f"{slug}-{number}", "add", f"{slug}-{number}")
        control = Control(die_at=1, kinds=(BEHIND_COMMIT,))
        outcome.rounds += lived(system, slug, [event], ledger, control, database, early=sabotaged)
    check(system, slug, ledger, outcome, database=database)
    return outcome


def _prepared(system: System, name: str, sabotaged: bool) -> tuple[str, str, Ledger, Outcome]:
    """The spoilt scenario has a database of its own, in which safeguards may be taken out."""
    database, slug = APART, f"{name}-{'spoilt' if sabotaged else 'sound'}"
    if sabotaged:
        database = f"{APART}_{name}"
        system.copy(database, APART)
    system.publish(slug, ticking(), database)
    return database, slug, Ledger(), Outcome()


def _race(
    system: System, database: str, table: str, control: Control | None, job: str, given: list[dict[str, object]]
) -> None:
    """Run the job in two processes which both have come as far as writing before one of them may."""
    both = list(zip((system.victim, system.other), given, strict=True))
    with psycopg.connect(system.address(database)) as holding:
        holding.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        for victim, words in both:
            victim.begin(job, control, database, **words)
        wait_for(lambda: system.count(BLOCKED, database) == len(both), "both are about to write", 20)
    for victim, _ in both:
        victim.finish()
