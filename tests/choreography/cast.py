"""Events and machines that the tests of the choreography share."""

from __future__ import annotations

import itertools
import json
from typing import Any

from django.db.models.functions import Now

from orchestrator.choreography.delivering import serve
from orchestrator.choreography.models import Delivery, Endpoint, Subscription, Topic
from orchestrator.choreography.routing import route
from orchestrator.runtime import outbox
from orchestrator.runtime.requests import Published

HEARER: dict[str, Any] = {
    "signalbox": 1,
    "id": "hearer",
    "title": "Hearer",
    "initial": "open",
    "context": {"id": "", "heard": 0},
    "states": {
        "open": {
            "on": [
                {"event": "order.placed", "actions": [{"type": "assign", "to": "heard", "expr": "context.heard + 1"}]},
                {"event": "order.closed", "target": "closed"},
            ]
        },
        "closed": {"type": "final"},
    },
}
numbers = itertools.count(1)


def happened(key: str = "a", kind: str = "order.placed", **data: Any) -> Published:
    """An event that was published just now; its data name the order by its key."""
    text = json.dumps({"id": key, **data})
    event = Published("orders", kind, text, key, "https://shop.example", f"{next(numbers)}")
    outbox.publish([event])
    return event


def subscribe(topic: Topic, machine: Any, **given: Any) -> Subscription:
    values = {"name": "hear", "correlation": "event.data.id", **given}
    return Subscription.objects.create(topic=topic, machine=machine, **values)


def relay(*endpoints: Endpoint) -> int:
    """Route all and serve these endpoints; returns how many events they were given."""
    while route():
        pass
    return sum(serve(endpoint.pk) for endpoint in endpoints)


def make_due() -> None:
    """As if the time until the next attempts had passed."""
    Delivery.objects.update(due=Now())
    Endpoint.objects.update(paused_until=None)


def became() -> list[tuple[str, str]]:
    """Key and status of every delivery, in order."""
    return list(Delivery.objects.order_by("pk").values_list("key", "status"))
