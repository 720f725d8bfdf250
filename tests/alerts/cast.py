"""The process, instances and incidents which the alert tests share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from orchestrator.definitions.models import Machine, Version
from orchestrator.runtime.models import Incident, Instance

DOCUMENT: dict[str, Any] = {
    "signalbox": 1,
    "id": "order-fulfilment",
    "title": "Order fulfilment",
    "initial": "validating",
    "states": {
        "validating": {"title": "Validating payment", "on": [{"event": "payment.ok", "target": "reserving"}]},
        "reserving": {
            "title": "Reserving stock",
            "on": [
                {"event": "stock.reserved", "target": "picking"},
                {"event": "stock.missing", "target": "backordered"},
            ],
        },
        "backordered": {
            "title": "Backordered",
            "on": [{"event": "stock.arrived", "target": "picking"}],
            "after": [{"delay": "P3D", "target": "cancelled"}],
        },
        "picking": {
            "title": "Picking",
            "on": [{"event": "parcel.packed", "target": "packed"}],
            "expectedWithin": "PT4H",
        },
        "packed": {"title": "Packed", "type": "final"},
        "cancelled": {"title": "Cancelled", "type": "final"},
    },
}


def make_machine(
    slug: str = "order-fulfilment",
    recipients: Iterable[str] = ("night@example.org",),
    title: str = "Order fulfilment",
    document: dict[str, Any] = DOCUMENT,
) -> Machine:
    """A published machine, version 1."""
    owner, _ = User.objects.get_or_create(username="olga", defaults={"email": "olga@example.org"})
    machine = Machine.objects.create(
        slug=slug, title=title, owner=owner, draft=document, alert_recipients=list(recipients)
    )
    machine.current = Version.objects.create(
        machine=machine, number=1, document=document, content_hash="0" * 64, published_by=owner
    )
    machine.save()
    return machine


def make_instances(machine: Machine, count: int, first: int = 10482, state: str = "picking") -> list[Instance]:
    """Instances in one state with keys SO-10482, SO-10483 ..."""
    return Instance.objects.bulk_create(
        Instance(machine=machine, version=machine.current, key=f"SO-{first + at}", configuration=state)
        for at in range(count)
    )


def open_incidents(
    machine: Machine,
    count: int = 1,
    *,
    kind: str = "overdue",
    state: str = "picking",
    first: int = 10482,
    age: float = 60.0,
    message: str = "",
) -> list[Incident]:
    """One incident for each of `count` new instances, opened `age` seconds ago; the first waited for 6 h 12 min."""
    longest = timezone.now() - timedelta(hours=6, minutes=12, seconds=30)
    opened = timezone.now() - timedelta(seconds=age)
    return Incident.objects.bulk_create(
        Incident(
            instance=instance,
            machine=machine,
            version=machine.current,
            kind=kind,
            state=state,
            message=message,
            since=longest + timedelta(seconds=at),
            opened_at=opened,
        )
        for at, instance in enumerate(make_instances(machine, count, first, state))
    )


def resolve(incidents: Iterable[Incident], resolution: str = "left the state") -> None:
    """End these incidents now."""
    ids = [incident.pk for incident in incidents]
    Incident.objects.filter(pk__in=ids).update(resolved_at=timezone.now(), resolution=resolution)
