from __future__ import annotations

import pytest
from celery import current_app
from django.contrib.auth.models import User

from orchestrator.definitions.models import Machine
from tests.worklist.cast import GROUP, person, published


@pytest.fixture(autouse=True)
def memory_broker() -> None:
    """Hints go to a broker inside this process which nobody reads."""
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", GROUP)


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", GROUP)


@pytest.fixture
def owner(db: None) -> User:
    return person("owner")


@pytest.fixture
def machine(owner: User) -> Machine:
    return published(owner)
