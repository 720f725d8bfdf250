"""The durable runtime on one process and a real PostgreSQL: from the way in to applied and journaled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from celery import current_app
from django.contrib.auth.models import User

from benchmarks.core import ring
from benchmarks.measure import Figure, rate
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send_many, start_many

INSTANCES = 2_000
ROUNDS = 3


def figures() -> Iterator[Figure]:
    current_app.conf.update(broker_url="memory://")  # nobody takes hints here: this process drains by itself
    owner = User.objects.create_user("bench")
    machine = create_machine(owner, "Ring", ring(10))
    publish(machine, owner)
    numbers = itertools.count()

    def starts() -> int:
        run = next(numbers)
        start_many([StartRequest(machine.slug, f"start-{run}-{n}") for n in range(INSTANCES)])
        return drain()

    def accepts() -> int:
        return len(send_many([EventRequest("go", machine=machine.slug, key=f"start-0-{n}") for n in range(INSTANCES)]))

    def applies() -> int:
        for _ in range(ROUNDS):
            accepts()
        return drain()

    yield rate("start instances, accept and apply", starts, "starts/s")
    yield rate("accept events in bulk", accepts)
    drain()
    yield rate("accept and apply events", applies)
