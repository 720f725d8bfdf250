"""Events that cannot be applied, and charts that feed themselves."""

from __future__ import annotations

from tests.chaos.charts import looping, ticking
from tests.chaos.client import Event
from tests.chaos.faults.kills import request_of
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import APART, OURS, System

ONE_IN = 100
HEALTHY = 0.9  # of the throughput without poison
SEEN_WITHIN = 60.0  # seconds of draining by which somebody must have been called

# Let PostgreSQL refuse to store what became of one event.
REFUSE = """ALTER TABLE runtime_journalentry ADD CONSTRAINT chaos_poison
CHECK (NOT (outcome <> 'error' AND data LIKE '%%"poison":true%%')) NOT VALID"""
ALLOW = "ALTER TABLE runtime_journalentry DROP CONSTRAINT IF EXISTS chaos_poison"
QUARANTINED = f"SELECT count(*) FROM runtime_journalentry WHERE outcome = 'error' AND instance_id IN ({OURS})"
CALLED = f"SELECT count(*) FROM runtime_incident WHERE kind = %s AND instance_id IN ({OURS})"


@fault(10, "one event in a hundred is poison: quarantined", short=Size(1, 400), full=Size(3, 20_000))
def poison(system: System, size: Size, outcome: Outcome) -> None:
    """Events that PostgreSQL refuses to store are set aside, each once, and all others are applied."""
    _poisoned(system, "poison", size, outcome)
    aside = system.count(QUARANTINED, "poison", database=APART)
    outcome.lost += max(0, outcome.rounds - aside)
    outcome.doubled += max(0, aside - outcome.rounds)
    outcome.problems.extend(system.victim.ask("problems", APART, slug="poison"))


@fault(10, "one event in a hundred is poison: throughput", short=Size(1, 600), full=Size(3, 20_000))
def poison_beside_others(system: System, size: Size, outcome: Outcome) -> None:
    """Healthy events are applied nearly as fast as without the poison."""
    share = _poisoned(system, "slowed", size, outcome)
    outcome.note = f"{share:.0%} of the throughput without poison"
    outcome.expect(share >= HEALTHY, outcome.note)


def _poisoned(system: System, slug: str, size: Size, outcome: Outcome) -> float:
    """The throughput with poison as a share of that without, the best of each."""
    system.publish(slug, ticking(), APART)
    rates: dict[bool, float] = {False: 0.0, True: 0.0}
    for number in range(2 * size.rounds):
        poisoned = number % 2 == 1
        system.query(REFUSE if poisoned else ALLOW, database=APART)
        given = {"slug": slug, "events": size.items, "mark": f"{slug}-{number}", "one_in": ONE_IN}
        seconds = system.victim.ask("time_drain", APART, **given)
        rates[poisoned] = max(rates[poisoned], size.items / seconds)
        outcome.rounds += size.items // ONE_IN * poisoned
    system.query(ALLOW, database=APART)
    return rates[True] / rates[False]


@fault(21, "a chart that feeds itself", short=Size(1, 1), full=Size(20, 1))
def loops(system: System, size: Size, outcome: Outcome) -> None:
    """An eventless transition or a raised event that never ends is stopped, and somebody is called."""
    for how in ("always", "raise"):
        slug = f"loop-{how}"
        system.publish(slug, looping(how), APART)
        for number in range(size.rounds):
            system.victim.ask("accept", APART, events=[_go(slug, number)])
            outcome.recovered = max(outcome.recovered or 0, system.victim.ask("drain_for", APART, seconds=30))
            outcome.rounds += 1
        called = system.count(CALLED, "loop", slug, database=APART)
        outcome.expect(called == size.rounds, f"{how}: {called} incidents for {size.rounds} loops")
        outcome.expect(system.left(slug, APART) == 0, f"{how}: it is still going on")
        outcome.problems.extend(system.victim.ask("problems", APART, slug=slug))


@fault(21, "a chart that sends itself events without delay", short=Size(1, 1), full=Size(5, 1))
def sends_to_itself(system: System, size: Size, outcome: Outcome) -> None:
    """Each round is a durable step of its own; a budget ends them all the same, and somebody is called."""
    system.publish("loop-send", looping("send"), APART)
    try:
        for number in range(size.rounds):
            system.victim.ask("accept", APART, events=[_go("loop-send", number)])
            outcome.recovered = max(outcome.recovered or 0, system.victim.ask("drain_for", APART, seconds=SEEN_WITHIN))
            outcome.rounds += 1
        called = system.count(CALLED, "loop", "loop-send", database=APART)
        outcome.expect(called == size.rounds, f"{called} incidents for {size.rounds} loops")
    finally:
        system.query("DELETE FROM runtime_timer", database=APART)  # or it would go on for ever


def _go(slug: str, number: int) -> dict[str, object]:
    instance = f"{slug}-{number}"
    return request_of(slug, Event(instance, "go", instance))
