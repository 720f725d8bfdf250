"""Sagas whose every process dies at the edges: each step is undone once, the last one first."""

from __future__ import annotations

from tests.chaos.charts import saga
from tests.chaos.checker import check
from tests.chaos.client import Event, Ledger
from tests.chaos.faults.kills import lived
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.points import Control
from tests.chaos.system import APART, System

EDGES = ("commit", "http")
CHANCE = 0.4  # of dying at an edge


@fault(22, "crash at every edge of a saga", short=Size(1, 1), full=Size(1, 500))
def sagas(system: System, size: Size, outcome: Outcome) -> None:
    """`items` charts; at every commit and every request of each there is a chance that the process dies."""
    for seed in range(size.seed, size.seed + size.items):
        slug, instance, ledger = f"saga-{seed}", f"saga-{seed}", Ledger()
        system.publish(slug, saga(seed, system.http.url), APART)
        begin = [Event(instance, "begin", f"{instance}-begin")]
        outcome.rounds += lived(system, slug, begin, ledger, Control(chance=CHANCE, kinds=EDGES, seed=seed))
        check(system, slug, ledger, outcome, database=APART)
        _check_order(system, instance, seed, outcome)


def _check_order(system: System, instance: str, seed: int, outcome: Outcome) -> None:
    """I7: what was done is undone in the reverse order, each once for whoever looks at the idempotency keys."""
    names = [asked["name"] for asked in system.http.received.asked[instance]]
    steps = len([name for name in names if name.startswith("do-")])
    done = [f"do-{number}" for number in range(steps)]
    undone = [f"undo-{number}" for number in reversed(range(steps))]
    wanted = [*done, "refused", *undone]
    outcome.lost += len(set(wanted) - set(names))
    outcome.doubled += len(names) - len(set(names))
    outcome.expect(names == wanted, f"seed {seed}: the world saw {names}")
    status = system.query("SELECT status FROM runtime_instance WHERE key = %s", instance, database=APART)
    outcome.expect(status == [("compensated",)], f"seed {seed}: the saga ended as {status}")
