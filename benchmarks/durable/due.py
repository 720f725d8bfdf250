"""Timers: all due at once, and none of very many due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from benchmarks.durable import jobs
from benchmarks.durable.charts import reminder
from benchmarks.durable.crew import MEMBERS, Crew
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import proven, set_up, settle
from benchmarks.measure import Figure, Wrong, figure
from orchestrator.runtime.models import SHARDS, Timer
from orchestrator.runtime.timers import enqueue_due


def figures(scale: Scale) -> Iterator[Figure]:
    stage = set_up(reminder(), scale.timers)
    mine = Timer.objects.filter(instance__machine=stage.machine)
    if mine.count() != scale.timers or enqueue_due():
        raise Wrong("not every instance waits for its timer")
    past = timezone.now() - timedelta(seconds=1)
    mine.update(due=past, wake=past)
    settle()
    with Crew() as crew:
        if enqueue_due() != min(SHARDS, scale.timers):
            raise Wrong("the sweep does not see every shard with due timers")
        fired, seconds = crew.run(jobs.apply_all, [(jobs.shards(member, MEMBERS),) for member in range(MEMBERS)])
    proven(stage, scale.timers, kind="timer")
    if mine.exists():
        raise Wrong("some timers did not fire")
    yield figure("timers", "timers/s", [sum(fired) / seconds], f"{scale.timers:,} due timers fired, 2 workers")
