"""Replay a journal: where its inputs, applied anew by the core, say that the instance stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator.runtime.inputs import Input, failed_start
from orchestrator.runtime.migrating import Course
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.transition import Environment, Step


def replayed(
    course: Course,
    rows: Iterable[tuple[Input, str]],
    env: Environment,
    watch: Callable[[Step], object] = lambda step: None,
) -> Snapshot | None:
    """The snapshot after all rows, each an input with its outcome; an input that was set aside moved nothing.

    `course` begins in the version in which the instance was started; `watch` sees every step.
    """
    snapshot: Snapshot | None = None
    for given, outcome in rows:
        if outcome == "error":
            if snapshot is None:
                snapshot = failed_start(given)
            continue
        step = course.step(snapshot, given, env)
        if step is not None:
            snapshot = step.snapshot
            watch(step)
    return snapshot
