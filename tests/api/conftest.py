"""Shared by the API tests: a user, a published machine, a caller with a token, no broker."""

from __future__ import annotations

import pytest
from celery import current_app
from django.contrib.auth.models import User

from orchestrator.definitions.models import Machine
from tests.api.cast import Caller, published


@pytest.fixture(autouse=True)
def memory_broker() -> None:
    """Hints go to a broker inside this process which nobody reads."""
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def machine(ada: User) -> Machine:
    return published(ada)


@pytest.fixture
def caller(ada: User) -> Caller:
    return Caller(ada)
