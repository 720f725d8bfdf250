"""Events that wait: drained by two workers beside the limit, sent in bulk, sent one by one, each beside the peers."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.durable.charts import order
from benchmarks.durable.course import BULK, Course
from benchmarks.durable.crew import Crew
from benchmarks.durable.peers import Peers
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import clear, set_up
from benchmarks.measure import Figure, figure


def figures(scale: Scale, peers: Peers) -> Iterator[Figure]:
    clear()
    stage = set_up(order(), scale.instances)
    among = f"{scale.instances:,} instances"
    with Crew() as crew:
        course = Course(crew, stage)
        course.warm()
        rounds = [course.drain(scale.events, beside_limit=True) for _ in range(scale.rounds)]
        limit = figure("limit", "events/s", [bare for _, bare in rounds], "limit L: bare SQL of the same writes")
        yield limit
        drained = figure("drain", "events/s", [ours for ours, _ in rounds], f"drain a backlog, {among}")
        yield drained.compared({"limit": limit.value, **peers.rates("drain")})
        bulk = [course.bulk(scale.events) for _ in range(scale.rounds)]
        ingested = figure("bulk", "events/s", bulk, f"bulk ingest in calls of {BULK:,}, and apply")
        yield ingested.compared({"limit": limit.value, **peers.rates("bulk")})
        one_row = [course.one_row(scale.one_row) for _ in range(scale.rounds)]
        single = figure("one_row", "events/s", one_row, "ingest with one commit per event, and apply")
        yield single.compared(peers.rates("one_row"))
