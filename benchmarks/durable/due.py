"""Timers: what a sweep costs while none is due, also beside an old snapshot; how fast they fire when all are due."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from django.utils import timezone

from benchmarks.durable import jobs
from benchmarks.durable.charts import reminder
from benchmarks.durable.crew import MEMBERS, Crew, address
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import Stage, clear, proven, set_up, settle
from benchmarks.measure import Figure, Wrong, figure, percentile, spread
from orchestrator.runtime import store
from orchestrator.runtime.models import SHARDS, Timer
from orchestrator.runtime.timers import enqueue_due

BEFORE_SNAPSHOT = 10  # one timer of so many fires while the old snapshot is held


def figures(scale: Scale) -> Iterator[Figure]:
    stage = pending(scale.timers)
    idle = sweeps(scale.sweeps)
    among = f"sweep with {scale.timers:,} pending timers"
    yield spread("idle_sweep_p99", idle, percentile(idle, 0.99), f"{among}, p99")
    yield spread("idle_sweep_p50", idle, percentile(idle, 0.5), f"{among}, p50")
    with Crew() as crew:
        part = scale.timers // BEFORE_SNAPSHOT
        with _old_snapshot():
            fire(crew, stage, part)
            held = sweeps(scale.sweeps)
        told = f"the same after {part:,} fired under an old snapshot, p99"
        yield spread("idle_sweep_old_snapshot_p99", held, percentile(held, 0.99), told)
        rest = scale.timers - part
        rate = fire(crew, stage, rest)
    proven(stage, scale.timers, kind="timer")
    yield figure("timers", "timers/s", [rate], f"{rest:,} due timers fired, {MEMBERS} workers")


def pending(count: int) -> Stage:
    """So many instances, each of which waits for a timer."""
    clear()
    stage = set_up(reminder(), count)
    if Timer.objects.count() != count or enqueue_due():
        raise Wrong("not every instance waits for its timer")
    return stage


def sweeps(count: int) -> list[float]:
    """Milliseconds which the sweep's statement took each time, with nothing due."""
    taken = []
    with store.direct() as cursor:
        for _ in range(count):
            begun = time.perf_counter()
            waiting = store.waiting(cursor, range(SHARDS))
            taken.append((time.perf_counter() - begun) * 1_000)
            if waiting:
                raise Wrong("the sweep of an idle system found something")
    return taken


def fire(crew: Crew, stage: Stage, count: int) -> float:
    """How many timers a second fire when the first `count` of those pending are due at once."""
    first = Timer.objects.filter(instance__machine=stage.machine).order_by("instance")[:count].values("pk")
    past = timezone.now() - timedelta(seconds=1)
    Timer.objects.filter(pk__in=first).update(due=past, wake=past)
    settle()
    if enqueue_due() != min(SHARDS, count):
        raise Wrong("the sweep does not see every shard with due timers")
    before = Timer.objects.count()
    fired, seconds = crew.run(jobs.apply_all, [(jobs.shards(member, MEMBERS),) for member in range(MEMBERS)])
    if sum(fired) != count or before - Timer.objects.count() != count:
        raise Wrong(f"{sum(fired):,} of {count:,} due timers fired")
    return count / seconds


@contextmanager
def _old_snapshot() -> Iterator[None]:
    """A reader that still sees every row which is deleted meanwhile, so that vacuum may remove none."""
    with psycopg.connect(address()) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1 FROM runtime_timer LIMIT 1")
        yield
        reader.rollback()
