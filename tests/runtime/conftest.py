"""Machines published for real, and a runtime that is driven by hand: no worker, no broker, no waiting."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth import get_user_model

from orchestrator.definitions.models import Machine, Version

Publish = Callable[..., Machine]

ORDER: dict[str, Any] = {
    "signalbox": 1,
    "id": "order",
    "title": "Order",
    "initial": "draft",
    "context": {},
    "states": {
        "draft": {"on": [{"event": "submit", "target": "review"}, {"event": "note"}]},
        "review": {"on": [{"event": "approve", "target": "done"}, {"event": "return", "target": "draft"}]},
        "done": {"type": "final"},
    },
}


@pytest.fixture(autouse=True)
def memory_broker() -> None:
    """Hints go to a broker inside this process which nobody reads."""
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)


@pytest.fixture
def publish(db: None) -> Publish:
    """Publish a document (default: ORDER) as a new machine; keyword arguments replace states of it."""
    numbers = itertools.count(1)
    owner = get_user_model().objects.create_user("owner")

    def make(document: dict[str, Any] | None = None, **states: dict[str, Any]) -> Machine:
        whole = copy.deepcopy(document or ORDER)
        whole["states"].update(states)
        number = next(numbers)
        machine = Machine.objects.create(slug=f"machine-{number}", title="Machine", owner=owner, draft=whole)
        machine.current = Version.objects.create(
            machine=machine, number=1, document=whole, content_hash=f"{number}", published_by=owner
        )
        machine.save()
        return machine

    return make
