"""Who calls the API in these tests, and what about."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from orchestrator.api import tokens
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import EventKey, InboxEvent, Instance, JournalEntry
from orchestrator.statechart.definition import JSON

DOCUMENT: dict[str, JSON] = {
    "signalbox": 1,
    "id": "parcel",
    "title": "Parcel",
    "initial": "packed",
    "context": {"weight": 0},
    "states": {
        "packed": {"title": "Packed", "on": [{"event": "collect", "target": "travelling"}]},
        "travelling": {"on": [{"event": "hand.over", "target": "delivered"}]},
        "delivered": {"type": "final"},
    },
}


class Caller:
    """A program with a token."""

    def __init__(self, user: User, name: str = "ci") -> None:
        self.token, self.secret = tokens.issue(user, name)
        self._client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {self.secret}"})

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return _read(self._client.get(f"/api/v1{path}", query))

    def post(self, path: str, body: object) -> tuple[int, Any]:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return _read(self._client.post(f"/api/v1{path}", text, content_type="application/json"))

    def put(self, path: str, body: object) -> tuple[int, Any]:
        return _read(self._client.put(f"/api/v1{path}", json.dumps(body), content_type="application/json"))

    def delete(self, path: str) -> tuple[int, Any]:
        return _read(self._client.delete(f"/api/v1{path}"))


def _read(response: Any) -> tuple[int, Any]:
    return response.status_code, json.loads(response.content or "null")


def published(owner: User, title: str = "Parcel") -> Machine:
    machine = create_machine(owner, title, DOCUMENT)
    publish(machine, owner)
    return machine


def stored() -> tuple[int, ...]:
    """How many rows the runtime holds: equal before and after what is refused."""
    return tuple(model.objects.count() for model in (Instance, InboxEvent, EventKey, JournalEntry))


__all__ = ["DOCUMENT", "Caller", "drain", "published", "stored"]
