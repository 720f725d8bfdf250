from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from orchestrator.definitions.models import Machine
from tests.operations.cast import person, published, signed_in


@pytest.fixture(autouse=True)
def _own_mailbox(settings: Settings, tmp_path: Path) -> None:
    settings.MAILBOX_DIR = tmp_path


@pytest.fixture
def root(db: None) -> User:
    return person("root", staff=True, superuser=True)


@pytest.fixture
def machine(root: User) -> Machine:
    return published(root)


@pytest.fixture
def client(root: User) -> Client:
    """A browser in which the administrator is signed in."""
    return signed_in(root)
