"""Replay a journal: where its inputs, applied anew by the core, say that the instance stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator.runtime.inputs import Input, failed_start, step_of
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.transition import Environment, Step


def replayed(
    chart: Chart,
    rows: Iterable[tuple[Input, str]],
    env: Environment,
    watch: Callable[[Step], object] = lambda step: None,
) -> Snapshot | None:
    """The snapshot after all rows, each an input with its outcome; an input that was set aside moved nothing.

    `watch` sees every step.
    """
    snapshot: Snapshot | None = None
    for given, outcome in rows:
        if outcome == "error":
            if snapshot is None:
                snapshot = failed_start(given)
            continue
        step = step_of(chart, snapshot, given, env)
        if step is not None:
            snapshot = step.snapshot
            watch(step)
    return snapshot
