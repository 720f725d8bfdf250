"""The pure core on one thread: steps a second, and what it costs to read and check a chart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.measure import Figure, duration, rate
from orchestrator.statechart.document import parse
from orchestrator.statechart.expressions import check
from orchestrator.statechart.structure import structure_of
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


def steps(document: dict[str, Any]) -> int:
    chart = parse(document)
    snapshot = start(chart, {}, NOW, ENVIRONMENT).snapshot
    event = Event("go", {"amount": 5})
    for _ in range(STEPS):
        snapshot = transition(chart, snapshot, event, NOW, ENVIRONMENT).snapshot
    return STEPS


def unseen(size: int, number: int) -> dict[str, Any]:
    """A ring with a guard at each state that no cache has seen before."""
    document = ring(size)
    for at, state in enumerate(document["states"].values()):
        state["on"][0]["guard"] = f"context.amount > {number}.{at} && event.amount < 10"
    return document


def compile_all(document: dict[str, Any]) -> None:
    """Read the chart, work out its structure, and compile every guard."""
    chart = parse(document)
    structure_of(chart)
    for state in chart.states.values():
        for way in state.transitions:
            assert way.guard is None or check(way.guard, boolean=True) is None


def figures() -> Iterator[Figure]:
    yield rate("interpreter_flat", lambda: steps(ring(10)), title="step, 10 flat states, no guard")
    guard = "context.amount > 100 && event.amount < 10"
    yield rate("interpreter_guard", lambda: steps(ring(10, guard)), title="step, 10 flat states, CEL guard")
    numbers = itertools.count()
    yield duration("compile 200 states with 200 new guards", lambda: compile_all(unseen(200, next(numbers))))
    yield duration("the same, and check it", lambda: validate(parse(unseen(200, next(numbers)))))
    yield duration("check it once more", lambda: validate(parse(unseen(200, 0))))
