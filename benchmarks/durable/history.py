"""What a long history costs: a step of an instance with a long journal beside one of a young instance."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks.durable.charts import DATA, EVENT, order
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import Stage, clear, proven, set_up
from benchmarks.measure import Figure, figure
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, send_many

LONG = 10_000  # events
CALL = 5_000  # of them in one call
EACH = 50  # events of one measurement


def figures(scale: Scale) -> Iterator[Figure]:
    clear()
    stage = set_up(order(), 1 + scale.pairs)
    for _ in range(LONG // CALL):
        _applied(stage, 0, CALL)
    ratios = []
    for number in range(1, 1 + scale.pairs):
        _applied(stage, number, EACH)  # what a first batch costs is no matter of its history
        young, old = _applied(stage, number, EACH), _applied(stage, 0, EACH)
        ratios.append(old / young)
    proven(stage, LONG + scale.pairs * 3 * EACH)
    title = f"step after {LONG:,} events over a young one's"
    yield figure("history_cost", "times", ratios, title)
    level = statistics.quantiles(ratios, n=20)[-1]
    yield figure("history_cost_p95", "times", [level], f"{title}, p95")


def _applied(stage: Stage, number: int, events: int) -> float:
    """Seconds to apply so many events of one instance."""
    send_many([EventRequest(EVENT, DATA, machine=stage.slug, key=stage.key(number))] * events)
    begun = time.perf_counter()
    while drain():
        pass
    return time.perf_counter() - begun
