"""A published machine, schedules on it, and a clock that is the database's: a test sets back what is due."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User

from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from tests.schedules.cast import DOCUMENT


@pytest.fixture(autouse=True)
def memory_broker() -> None:
    """Hints go to a broker inside this process which nobody reads."""
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def machine(ada: User) -> Machine:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    machine = Machine.objects.create(slug="report", title="Report", owner=ada, draft=document)
    publish(machine, ada)
    return machine
