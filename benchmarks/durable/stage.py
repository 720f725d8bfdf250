"""A published machine with many instances, and the proof that a run did all of its work once."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction
from django.db.models import Count, F, Max, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.db.utils import ProgrammingError
from psycopg import sql

from benchmarks.measure import Wrong
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, start
from orchestrator.runtime.models import SHARDS, EventKey, InboxEvent, Instance, JournalEntry, OutboxEvent, Timer

_names = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """A machine and its instances, whose ids are a range: `key(n)` is the business key of the n-th."""

    machine: int
    slug: str
    ids: range

    def key(self, number: int) -> str:
        return f"order-{number}"


def clear() -> None:
    """Nothing that an earlier part left is in the way of the next."""
    tables = [model._meta.db_table for model in (Instance, InboxEvent, JournalEntry, EventKey, OutboxEvent)]
    _run(f"TRUNCATE {', '.join(tables)} CASCADE")


def set_up(document: dict[str, Any], size: int) -> Stage:
    """Start one instance for real and copy its rows: a million instances in seconds, each as the runtime makes them."""
    owner, _ = User.objects.get_or_create(username="bench")
    machine = create_machine(owner, f"Order {next(_names)}", document)
    publish(machine, owner)
    first = start(StartRequest(machine.slug, "order-0")).instance
    drain()
    with transaction.atomic():
        _copy_instances(first, size - 1)
        for model in (JournalEntry, Timer):
            _copy_belongings(model, first, machine.pk)
    settle()
    found = Instance.objects.filter(machine=machine.pk).aggregate(low=Min("pk"), high=Max("pk"), all=Count("pk"))
    ids = range(found["low"], found["high"] + 1)
    if found["all"] != size or len(ids) != size:
        raise Wrong(f"{found['all']} instances stand where {size} should")
    return Stage(machine.pk, machine.slug, ids)


def _copy_instances(first: int, count: int) -> None:
    copied = sql.SQL(
        "INSERT INTO runtime_instance (key, {kept}) SELECT 'order-' || n, {kept} FROM runtime_instance "
        "CROSS JOIN generate_series(1, {count}) n WHERE id = {first} ORDER BY n"
    )
    _run(copied.format(kept=_columns(Instance, without=("id", "key")), count=count, first=first))


def _copy_belongings(model: type[models.Model], first: int, machine: int) -> None:
    names = [field.column for field in model._meta.concrete_fields]
    values = {"instance_id": sql.SQL("i.id"), "shard": sql.SQL("i.id % {}").format(SHARDS)}
    own = {name: value for name, value in values.items() if name in names}
    copied = sql.SQL(
        "INSERT INTO {table} ({own}, {kept}) SELECT {values}, {kept} FROM (SELECT {kept} FROM {table} "
        "WHERE instance_id = {first}) m CROSS JOIN (SELECT id FROM runtime_instance WHERE machine_id = {machine} "
        "AND id <> {first}) i ORDER BY i.id"
    )
    parts = {
        "table": sql.Identifier(model._meta.db_table),
        "own": sql.SQL(", ").join([sql.Identifier(name) for name in own]),
        "values": sql.SQL(", ").join(own.values()),
        "kept": _columns(model, without=("id", *own)),
    }
    _run(copied.format(**parts, first=first, machine=machine))


def _columns(model: type[models.Model], without: Sequence[str]) -> sql.Composed:
    names = [field.column for field in model._meta.concrete_fields if field.column and field.column not in without]
    return sql.SQL(", ").join([sql.Identifier(name) for name in names])


def _run(statement: str | sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def settle() -> None:
    """Between two runs: no table is unknown to the planner, and no checkpoint of earlier work falls into the next."""
    tables = [model._meta.db_table for model in (Instance, InboxEvent, JournalEntry, Timer)]
    _run(f"VACUUM ANALYZE {', '.join(tables)}")
    with contextlib.suppress(ProgrammingError):  # only some users may
        _run("CHECKPOINT")


def proven(stage: Stage, consumed: int, kind: str = "event") -> None:
    """Raises Wrong unless so many inputs of this kind were applied, without gap, and nothing waits any more."""
    rows = JournalEntry.objects.filter(instance__machine=stage.machine)
    applied = rows.filter(kind=kind, outcome="applied").count()
    if applied != consumed:
        raise Wrong(f"{applied:,} journal rows tell of {consumed:,} inputs")
    for problem in _gaps(stage):
        raise Wrong(problem)
    waiting = InboxEvent.objects.filter(instance__machine=stage.machine).count()
    if waiting:
        raise Wrong(f"{waiting:,} events were left in the inbox")


def _gaps(stage: Stage) -> Iterator[str]:
    journal = JournalEntry.objects.filter(instance=OuterRef("pk")).order_by().values("instance")
    told = Instance.objects.filter(machine=stage.machine).annotate(
        rows=Coalesce(Subquery(journal.annotate(n=Count("seq")).values("n")), 0),
        last=Coalesce(Subquery(journal.annotate(n=Max("seq")).values("n")), 0),
    )
    broken = told.exclude(rows=F("seq"), last=F("seq")).count()
    if broken:
        yield f"{broken:,} instances have a gap in their journal"
