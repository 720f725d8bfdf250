"""The bank's whole log over HTTP: a web process, a worker, and three life cycles in every instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import starmap

from django.contrib.auth.models import User
from django.db.models import Count

from benchmarks.durable.loan import EVENTS, KNOWN, LOG, loan, outcome
from benchmarks.durable.redis import redis
from benchmarks.durable.scale import Scale
from benchmarks.durable.site import site
from benchmarks.durable.stage import clear
from benchmarks.measure import Absent, Figure, Wrong, figure
from orchestrator.api import tokens
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.models import Instance, JournalEntry
from orchestrator.sdk.client import Client
from orchestrator.sdk.replay import Outcome, Plan, replay


def figures(scale: Scale) -> Iterator[Figure]:
    try:
        with redis() as broker:
            outcome, limit = _replayed(scale, broker)
    except Absent as absent:
        absent.tell()
        return
    told = f"{outcome.sent:,} events of the loan log over HTTP" + ("" if limit is None else ", not the whole log")
    yield figure("replay", "events/s", [outcome.sent / outcome.seconds], told)


def _replayed(scale: Scale, broker: str) -> tuple[Outcome, int | None]:
    if not LOG.exists():
        raise Absent(f"the replay of the loan log: {LOG.name} is not beside the project")
    clear()
    owner, _ = User.objects.get_or_create(username="bench")
    machine = create_machine(owner, "Loan", loan())
    publish(machine, owner)
    _, secret = tokens.issue(owner, "bench", lifetime=timedelta(hours=1))
    limit = scale.replayed or None
    with site("web", "worker", redis=broker) as url, Client(url, secret) as client:
        told = replay(Plan(LOG, machine.slug, limit=limit), client, lambda text: None)
    _prove(machine.pk, told, limit or EVENTS)
    return told, limit


def _prove(machine: int, told: Outcome, events: int) -> None:
    rows = JournalEntry.objects.filter(instance__machine=machine, kind="event")
    journaled = Counter(dict(rows.values_list("outcome").annotate(n=Count("seq"))))
    if told.lost or told.sent != events or sum(journaled.values()) != events:
        raise Wrong(f"of {events:,} events {told.sent:,} were sent, {told.lost:,} lost, {dict(journaled)} journaled")
    found = Instance.objects.filter(machine=machine).values_list("configuration").annotate(n=Count("pk"))
    counts = Counter[str]()
    for decided, number in starmap(lambda configuration, n: (outcome(configuration), n), found):
        counts[decided] += number
    if events == EVENTS and counts != KNOWN:
        raise Wrong(f"the applications ended as {dict(counts)}, not as {KNOWN}")
