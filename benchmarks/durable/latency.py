"""From the commit of an event to the commit of its step, through the hint and a real worker, at a steady pace.

A trigger tells a listening connection which events a commit has journaled, so that the time runs until the step is
visible to others, the way of the notification included. It runs from when the sender has its answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import psycopg
from django.db import connection

from benchmarks.durable import jobs
from benchmarks.durable.charts import order
from benchmarks.durable.crew import Crew, address
from benchmarks.durable.redis import redis
from benchmarks.durable.scale import Scale
from benchmarks.durable.site import site
from benchmarks.durable.stage import Stage, clear, proven, set_up
from benchmarks.measure import Absent, Figure, Wrong, percentile, spread

RATE = 500  # events a second
INSTANCES = 1_000
PGMQ = "pgmq://localhost"
PATIENCE = 30.0  # seconds in which the last step must be told
WARM = 500  # events before it counts

TELL = """
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('applied', (SELECT string_agg(event::text, ' ') FROM added WHERE kind = 'event')); RETURN NULL;
END $$;
CREATE TRIGGER bench_tell AFTER INSERT ON runtime_journalentry REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION bench_tell()"""
QUIET = "DROP TRIGGER bench_tell ON runtime_journalentry; DROP FUNCTION bench_tell()"

Listening = psycopg.Connection[tuple[object, ...]]


def figures(scale: Scale) -> Iterator[Figure]:
    for name in ("redis", "pgmq"):
        try:
            with redis() if name == "redis" else nullcontext("") as broker:
                taken = _taken(scale.paced, broker)
        except Absent as absent:
            absent.tell()
            continue
        title = f"committed to applied at {RATE}/s through {name}"
        yield spread(f"latency_p99_{name}", taken, percentile(taken, 0.99), f"{title}, p99")
        yield spread(f"latency_p50_{name}", taken, percentile(taken, 0.5), f"{title}, p50")


def _taken(count: int, broker: str) -> list[float]:
    """Milliseconds for each event."""
    clear()
    stage = set_up(order(), INSTANCES)
    with site("worker", redis=broker), _told() as applied, Crew(broker or PGMQ, size=1) as crew:
        _sent(crew, stage, "warm", WARM)
        committed = _sent(crew, stage, "paced", count)
        _await_all(applied, committed)
    proven(stage, WARM + count)
    return [max(0.0, (applied[event] - moment) * 1_000) for event, moment in committed.items()]


def _sent(crew: Crew, stage: Stage, run: str, count: int) -> dict[int, float]:
    answers, _ = crew.run(jobs.send_paced, [(stage.slug, run, range(INSTANCES), count, RATE)])
    return dict(answers[0])


def _await_all(applied: dict[int, float], committed: dict[int, float]) -> None:
    until = time.monotonic() + PATIENCE
    while missing := committed.keys() - applied.keys():
        if time.monotonic() > until:
            raise Wrong(f"{len(missing):,} events were not applied within {PATIENCE:.0f} s")
        time.sleep(0.05)


@contextmanager
def _told() -> Iterator[dict[int, float]]:
    """When each event was seen to be applied, by its id, as long as this is open."""
    with connection.cursor() as cursor:
        cursor.execute(TELL)
    applied: dict[int, float] = {}
    with psycopg.connect(address(), autocommit=True) as listening:
        listening.execute("LISTEN applied")
        over = threading.Event()
        thread = threading.Thread(target=_listen, args=(listening, applied, over))
        thread.start()
        try:
            yield applied
        finally:
            over.set()
            thread.join()
    with connection.cursor() as cursor:
        cursor.execute(QUIET)


def _listen(
    listening: psycopg.Connection[tuple[object, ...]], applied: dict[int, float], over: threading.Event
) -> None:
    while not over.is_set():
        for told in listening.notifies(timeout=0.5):
            moment = time.time()
            applied.update((int(event), moment) for event in told.payload.split())
