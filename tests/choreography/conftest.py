"""A topic, and hints that go nowhere: the relay is driven by hand."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from celery import current_app
from django.contrib.auth.models import User
from pytest_django import Settings

from orchestrator.choreography.models import Topic
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from tests.choreography.cast import HEARER


@pytest.fixture(autouse=True)
def memory_broker() -> None:
    """Hints go to a broker inside this process which nobody reads."""
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)


@pytest.fixture(autouse=True)
def own_keys(settings: Settings, tmp_path: Path) -> None:
    settings.SECRETS_FILE = tmp_path / "secrets-keys"
    settings.SECRETS_KEYS = []


@pytest.fixture
def orders(db: None) -> Topic:
    return Topic.objects.create(name="orders")


@pytest.fixture
def hearer(db: None) -> Machine:
    """A published machine that counts what it hears."""
    owner = User.objects.create_user("ada")
    machine = Machine.objects.create(slug="hearer", title="Hearer", owner=owner, draft=copy.deepcopy(HEARER))
    publish(machine, owner)
    return machine
