"""A small cast: the owner of a machine, somebody else, and a helper that posts like the design page does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine

Post = Callable[..., HttpResponse]
DRAFT: dict[str, Any] = {
    "signalbox": 1,
    "id": "approval",
    "title": "Approval",
    "initial": "draft",
    "context": {"tries": 0},
    "states": {
        "draft": {"on": [{"event": "submit", "target": "review"}]},
        "review": {
            "on": [{"event": "approve", "target": "approved"}],
            "after": [{"delay": "PT48H", "target": "draft"}],
            "expectedWithin": "PT4H",
        },
        "approved": {"type": "final"},
    },
}


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("mira", password="pw", first_name="Mira", last_name="Vogel")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("jonas", password="pw")


@pytest.fixture
def machine(owner: User) -> Machine:
    return create_machine(owner, "Approval", DRAFT)


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def post(page: Client, machine: Machine) -> Post:
    """Post to a route of the machine as htmx does, with the newest revision unless another is given."""

    def send(name: str, **values: Any) -> HttpResponse:
        machine.refresh_from_db()
        data = {"revision": machine.draft_revision, **values}
        response: HttpResponse = page.post(
            reverse(f"designer:{name}", args=[machine.slug]), data, headers={"HX-Request": "true"}
        )  # type: ignore[assignment]
        machine.refresh_from_db()
        return response

    return send
