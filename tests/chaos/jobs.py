"""What a forked child of the victim can do: jobs take and give plain values, and their process may be killed.

It prepares, drives and checks the runtime by its own functions, as a worker or a web process would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from celery import current_app
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now

from orchestrator.api import tokens
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish as publish_draft
from orchestrator.runtime import advance, commands, perform, recovery, verify
from orchestrator.runtime.models import ActivityRun
from orchestrator.statechart.definition import JSON

MEMORY = "memory://"  # hints of a child go nowhere: it looks for its work itself
PART = 500  # events taken in at once
Tell = Callable[[object], None]
Job = Callable[..., object]
JOBS: dict[str, Job] = {}


def warm() -> None:
    """What a process does once is done before the children are forked: the first hint loads the broker's client."""
    current_app.conf.update(broker_url=MEMORY)
    current_app.send_task("warm", ignore_result=True)


def job(function: Job) -> Job:
    JOBS[function.__name__] = function
    return function


@job
def prepare(tell: Tell) -> str:
    """Tables, a user, and the secret of a token."""
    call_command("migrate", verbosity=0)
    return tokens.issue(User.objects.create_superuser("chaos"), "chaos")[1]


@job
def publish(tell: Tell, slug: str, document: dict[str, Any]) -> int:
    """Publish the document as the machine's next version; returns its number."""
    owner = User.objects.get(username="chaos")
    machine = Machine.objects.filter(slug=slug).first() or create_machine(owner, slug, document, slug=slug)
    machine.draft = {**document, "id": slug, "title": slug}
    machine.save(update_fields=["draft"])
    return int(publish_draft(machine, owner).number)


@job
def accept(tell: Tell, events: list[dict[str, Any]], early: bool = False) -> None:
    """Acknowledge event after event; `early` does it before the commit, which is what nobody may do."""
    for event in events:
        with transaction.atomic() if early else nullcontext():
            commands.send(commands.EventRequest(**event))
            if early:
                tell(event["idempotency_key"])
        if not early:
            tell(event["idempotency_key"])


@job
def live(tell: Tell, events: list[dict[str, Any]], early: bool = False) -> None:
    """Accept the events and do all that follows from them; what the process before had under way is taken over."""
    expired = ActivityRun.objects.filter(status="running")
    expired.update(lease_until=Now() - timedelta(seconds=1))  # the leases of the dead run out now instead of later
    accept(tell, events, early)
    recovery.recover_leases()
    settle(tell)


@job
def settle(tell: Tell, shards: list[int] | None = None) -> None:
    """What workers do, in one process, until nothing is left to do."""
    busy = True
    while busy:
        applied = advance.drain(shards)
        ready = list(ActivityRun.objects.filter(status="pending", due__lte=Now()).values_list("pk", flat=True))
        for activity in ready:
            perform.perform(activity)
        busy = bool(applied or ready)


@job
def time_steps(tell: Tell, slug: str, key: str, events: int, rounds: int) -> list[float]:
    """Seconds to apply one event of an instance, round by round; each round takes `events` of them in."""
    taken = []
    for _ in range(rounds):
        for at in range(0, events, PART):
            some = min(PART, events - at)
            commands.send_many([commands.EventRequest("add", machine=slug, key=key, start=True)] * some)
        taken.append(_drained(600) / events)
    return taken


@job
def time_drain(tell: Tell, slug: str, events: int, mark: str, one_in: int) -> float:
    """Seconds to apply events of many instances; one in so many says that it is poison."""
    commands.send_many([_marked(slug, mark, number, 0) for number in range(min(events, PART))])
    _drained(600)  # the chart is compiled, and the instances are there
    for at in range(0, events, PART):
        commands.send_many([_marked(slug, mark, number, one_in) for number in range(at, min(events, at + PART))])
    return _drained(600)


def _marked(slug: str, mark: str, number: int, one_in: int) -> commands.EventRequest:
    data: dict[str, JSON] = {"poison": bool(one_in) and number % one_in == 0}
    return commands.EventRequest("add", data=data, machine=slug, key=f"{mark}-{number % PART}", start=True)


@job
def drain_for(tell: Tell, seconds: float) -> float:
    """Apply what waits, for so many seconds at most; returns how many it took."""
    return _drained(seconds)


def _drained(seconds: float) -> float:
    begun = time.perf_counter()
    while advance.drain(budget=seconds) and time.perf_counter() - begun < seconds:
        pass
    return time.perf_counter() - begun


@job
def send_at_once(tell: Tell, events: list[dict[str, Any]]) -> list[bool]:
    """Accept the events in one transaction; for each whether it was new."""
    answers = commands.send_many([commands.EventRequest(**event) for event in events])
    return [isinstance(answer, commands.Accepted) and not answer.duplicate for answer in answers]


@job
def problems(tell: Tell, slug: str) -> list[str]:
    """What `manage.py verify` says of the machine."""
    return list(_first(verify.problems(Machine.objects.get(slug=slug).pk)))


def _first(found: Iterable[str], most: int = 20) -> Iterable[str]:
    for _, problem in zip(range(most), found, strict=False):
        yield problem
