"""The pure core on one thread: steps a second, and what it costs to read and check a chart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.measure import Figure, duration, rate
from orchestrator.statechart.document import parse
from orchestrator.statechart.transition import Environment, Event, start, transition
from orchestrator.statechart.validate import validate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENVIRONMENT = Environment(instance_id=1, instance_key="bench")
STEPS = 5_000


def ring(size: int, guard: str = "") -> dict[str, Any]:
    """Flat states, each leading to the next on the same event."""
    way = {"event": "go", **({"guard": guard} if guard else {})}
    states = {f"s{n}": {"on": [{**way, "target": f"s{(n + 1) % size}"}]} for n in range(size)}
    return {"signalbox": 1, "id": "ring", "initial": "s0", "context": {"amount": 200}, "states": states}


def steps(document: dict[str, Any], count: int = STEPS) -> int:
    """Read the chart, start it and take so many steps."""
    chart = parse(document)
    snapshot = start(chart, {}, NOW, ENVIRONMENT).snapshot
    event = Event("go", {"amount": 5})
    for _ in range(count):
        snapshot = transition(chart, snapshot, event, NOW, ENVIRONMENT).snapshot
    return count


def figures() -> Iterator[Figure]:
    yield rate("step, 10 flat states, no guard", lambda: steps(ring(10)))
    guard = "context.amount > 100 && event.amount < 10"
    yield rate("step, 10 flat states, CEL guard", lambda: steps(ring(10, guard)))
    yield duration("compile a chart of 200 states", lambda: steps(ring(200, guard), count=1))
    yield duration("compile and check a chart of 200 states", lambda: validate(parse(ring(200, guard))))
