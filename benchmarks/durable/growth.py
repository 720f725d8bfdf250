"""The same work among ever more instances: the cost of an event must not grow with them."""

from __future__ import annotations

from collections.abc import Iterator

from celery import current_app

from benchmarks.durable.charts import order
from benchmarks.durable.course import Course
from benchmarks.durable.crew import NOWHERE, Crew
from benchmarks.durable.due import fire, pending, sweeps
from benchmarks.durable.scale import Scale
from benchmarks.durable.stage import clear, set_up
from benchmarks.measure import Figure, figure, percentile, spread

LEAST = "least"  # the ratio to the same figure among the fewest instances


def figures(scale: Scale) -> Iterator[Figure]:
    current_app.conf.update(broker_url=NOWHERE)
    first: dict[str, float] = {}
    for size in scale.growth:
        for measured in _among(size, scale):
            name = measured.name.partition(" ")[0]
            yield measured.compared({LEAST: first.setdefault(name, measured.value)})


def _among(size: int, scale: Scale) -> Iterator[Figure]:
    """Names are of the form `drain among 10,000`."""
    clear()
    stage = set_up(order(), size)
    among = f"among {size:,}"
    with Crew() as crew:
        course = Course(crew, stage)
        course.warm()
        drained = [course.drain(scale.events)[0] for _ in range(scale.rounds)]
        yield figure(f"drain {among}", "events/s", drained)
        yield figure(f"bulk {among}", "events/s", [course.bulk(scale.events) for _ in range(scale.rounds)])
        yield figure(f"one_row {among}", "events/s", [course.one_row(scale.one_row) for _ in range(scale.rounds)])
    stage = pending(size)
    idle = sweeps(scale.sweeps)
    yield spread(f"idle_sweep_p99 {among}", idle, percentile(idle, 0.99))
    with Crew() as crew:
        yield figure(f"timers {among}", "timers/s", [fire(crew, stage, min(size, scale.events))])
