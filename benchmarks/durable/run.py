"""All figures of the durable runtime, in one run on one database."""

from __future__ import annotations

from collections.abc import Iterator

from celery import current_app

from benchmarks.durable import backlog, due, history, latency, peers, replay
from benchmarks.durable.crew import NOWHERE
from benchmarks.durable.scale import Scale
from benchmarks.measure import Figure


def figures(scale: Scale) -> Iterator[Figure]:
    current_app.conf.update(broker_url=NOWHERE)  # only the parts that measure hints send them anywhere
    compared = peers.measured(scale)
    yield from compared.figures()
    yield from backlog.figures(scale, compared)
    yield from latency.figures(scale)
    yield from due.figures(scale)
    yield from history.figures(scale)
    yield from replay.figures(scale)
