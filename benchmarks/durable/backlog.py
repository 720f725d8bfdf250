"""Events that wait: drained by two workers beside the limit, sent in bulk, sent one by one."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.durable import bare, jobs
from benchmarks.durable.charts import order
from benchmarks.durable.crew import MEMBERS, Crew
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import Stage, proven, set_up, settle
from benchmarks.measure import Figure, Wrong, figure
from orchestrator.runtime.models import SHARDS

FILLED_BY = 5_000  # events in one call while the backlog is made, which is not measured
BULK = 1_000
CLIENTS = 4  # threads in each process that sends one by one


def figures(scale: Scale) -> Iterator[Figure]:
    stage = set_up(order(), scale.instances)
    with Crew() as crew:
        warm = backlog(crew, stage, "warm", MEMBERS * SHARDS)
        _drained(crew, warm)
        yield from _drain(crew, stage, scale, warm)


def _drain(crew: Crew, stage: Stage, scale: Scale, sent: int) -> Iterator[Figure]:
    ours, limit = [], []
    for number in range(scale.rounds):
        waiting = backlog(crew, stage, f"drain-{number}", scale.events)
        copied = bare.copy_tables()
        settle()
        limit.append(waiting / bare.drain_bare(crew, copied))
        ours.append(waiting / _drained(crew, waiting))
        sent += waiting
        proven(stage, sent)
    told = figure("limit", "events/s", limit, "limit L: bare SQL of the same writes, 2 connections")
    yield told
    drained = figure("drain", "transitions/s", ours, "drain a backlog, 2 workers")
    drained.ratios["limit"] = drained.value / told.value
    yield drained
    yield _bulk(crew, stage, scale, sent)
    yield _one_row(crew, stage, scale, sent + scale.rounds * scale.events)


def shares(stage: Stage) -> list[range]:
    """The instances of each member, which lie in its shards alone."""
    first = stage.ids.start
    return [range((member - first) % MEMBERS, len(stage.ids), MEMBERS) for member in range(MEMBERS)]


def backlog(crew: Crew, stage: Stage, run: str, count: int) -> int:
    """Let so many events wait."""
    given = [
        (stage.slug, f"{run}-{member}", numbers, count // MEMBERS, FILLED_BY)
        for member, numbers in enumerate(shares(stage))
    ]
    return sum(crew.run(jobs.accept_many, given)[0])


def _drained(crew: Crew, waiting: int) -> float:
    applied, seconds = crew.run(jobs.apply_all, [(jobs.shards(member, MEMBERS),) for member in range(MEMBERS)])
    if sum(applied) != waiting:
        raise Wrong(f"{sum(applied):,} of {waiting:,} events were applied")
    return seconds


def _bulk(crew: Crew, stage: Stage, scale: Scale, sent: int) -> Figure:
    values = []
    for number in range(scale.rounds):
        settle()
        given = [
            (
                stage.slug,
                f"bulk-{number}-{member}",
                numbers,
                scale.events // MEMBERS,
                BULK,
                jobs.shards(member, MEMBERS),
            )
            for member, numbers in enumerate(shares(stage))
        ]
        applied, seconds = crew.run(jobs.accept_and_apply, given)
        sent += sum(applied)
        values.append(sum(applied) / seconds)
    proven(stage, sent)
    return figure("bulk", "events/s", values, f"bulk ingest in calls of {BULK:,}, and apply")


def _one_row(crew: Crew, stage: Stage, scale: Scale, sent: int) -> Figure:
    values = []
    for number in range(scale.rounds):
        settle()
        given = [
            (stage.slug, f"one-{number}-{member}", numbers, scale.one_row // MEMBERS, CLIENTS)
            for member, numbers in enumerate(shares(stage))
        ]
        accepted, sending = crew.run(jobs.accept_each, given)
        values.append(sum(accepted) / (sending + _drained(crew, sum(accepted))))
        sent += sum(accepted)
    proven(stage, sent)
    return figure("one_row", "events/s", values, "ingest with one commit per event, and apply")
