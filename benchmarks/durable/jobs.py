"""What a member of the crew does: only public functions of the runtime, as services and workers call them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from django.db import connection

from benchmarks.durable.charts import DATA, EVENT
from benchmarks.measure import Wrong
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import CommandError, EventRequest, send, send_many
from orchestrator.runtime.models import SHARDS

PACED_BY = 4  # threads


def shards(share: int, shares: int) -> list[int]:
    """The shards of one of several workers."""
    return list(range(share, SHARDS, shares))


def requests(slug: str, run: str, numbers: Sequence[int], count: int) -> Iterator[EventRequest]:
    """Events for instances named by business key, each with an idempotency key."""
    chosen = random.Random(run)  # noqa: S311
    for n in range(count):
        key = f"order-{chosen.choice(numbers)}"
        yield EventRequest(EVENT, DATA, machine=slug, key=key, source="bench", idempotency_key=f"{run}-{n}")


def accept_many(slug: str, run: str, numbers: Sequence[int], count: int, size: int) -> int:
    """Send events in calls of `size`; returns how many were accepted, and raises Wrong when one was not."""
    wanted = requests(slug, run, numbers, count)
    sent = 0
    while some := list(islice(wanted, size)):
        answers = send_many(some)
        for answer in answers:
            if isinstance(answer, CommandError) or answer.duplicate:
                raise Wrong(f"an event was refused: {answer}")
        sent += len(answers)
    return sent


def accept_each(slug: str, run: str, numbers: Sequence[int], count: int, threads: int) -> int:
    """Send events one by one from several threads, each with a commit of its own."""

    def client(thread: int) -> int:
        for request in requests(slug, f"{run}-{thread}", numbers, count // threads):
            send(request)
        connection.close()
        return count // threads

    with ThreadPoolExecutor(threads) as clients:
        return sum(clients.map(client, range(threads)))


def apply_all(mine: Sequence[int]) -> int:
    """Drain shards until nothing waits in them; returns how many inputs were applied."""
    applied = 0
    while done := drain(mine):
        applied += done
    return applied


def accept_and_apply(slug: str, run: str, numbers: Sequence[int], count: int, size: int, mine: Sequence[int]) -> int:
    """Bulk events in, then out of the shards they went to."""
    accept_many(slug, run, numbers, count, size)
    return apply_all(mine)


def send_paced(slug: str, run: str, numbers: Sequence[int], count: int, rate: int) -> list[tuple[int, float]]:
    """Send events one by one at a steady rate; for each its id and when it was acknowledged (seconds of the clock)."""
    begun = time.monotonic()

    def client(thread: int) -> list[tuple[int, float]]:
        found = []
        for at, request in enumerate(requests(slug, f"{run}-{thread}", numbers, count // PACED_BY)):
            time.sleep(max(0.0, begun + (at * PACED_BY + thread) / rate - time.monotonic()))
            found.append((send(request).event, time.time()))
        connection.close()
        return found

    with ThreadPoolExecutor(PACED_BY) as clients:
        return [told for found in clients.map(client, range(PACED_BY)) for told in found]
