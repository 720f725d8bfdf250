"""The people, machine and instances which the operations tests share."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from orchestrator.alerts.models import Alert
from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.publish import publish
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send, start

PASSWORD = "a long pass phrase"
DOCUMENT: dict[str, Any] = {
    "signalbox": 1,
    "id": "parcel",
    "title": "Parcel <b>post</b>",
    "initial": "accepted",
    "context": {"stops": 0},
    "states": {
        "accepted": {
            "on": [
                {
                    "event": "collect",
                    "target": "travelling",
                    "actions": [{"type": "assign", "to": "stops", "expr": "1"}],
                }
            ],
            "expectedWithin": "PT4H",
        },
        "travelling": {
            "initial": "road",
            "on": [{"event": "lose", "target": "lost"}],
            "states": {
                "road": {"on": [{"event": "load", "target": "air"}]},
                "air": {"after": [{"delay": "P9D", "target": "road"}]},
            },
        },
        "paying": {
            "invoke": [
                {"id": "charge", "kind": "python", "title": "Charge card", "input": {"callable": "tests.refuse"}}
            ]
        },
        "delivered": {"type": "final"},
        "lost": {"type": "final"},
    },
}
DOCUMENT["states"]["accepted"]["on"].append({"event": "pay", "target": "paying"})
DOCUMENT["states"]["accepted"]["on"].append({"event": "hand.over", "target": "delivered"})


def person(name: str, *, staff: bool = False, superuser: bool = False, permissions: tuple[str, ...] = ()) -> User:
    """A user; `permissions` are codenames of the definitions app."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=staff, is_superuser=superuser)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=permissions, content_type__app_label="definitions")
    )
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def published(owner: User, slug: str = "parcel", document: dict[str, Any] = DOCUMENT) -> Machine:
    machine = Machine.objects.create(slug=slug, title=str(document["title"]), owner=owner, draft=document)
    assert isinstance(publish(machine, owner), Version)
    return machine


def failed_alert(machine: Machine) -> Alert:
    """An alert about overdue parcels which reached nobody."""
    version = machine.versions.get()
    return Alert.objects.create(
        machine=machine, version=version, state="accepted", kind="overdue", message_id="<1@x>", status="failed"
    )


def started(key: str, *events: str, machine: str = "parcel") -> int:
    """An instance which has taken these events."""
    made = start(StartRequest(machine=machine, key=key), actor="user:cast")
    for name in events:
        send(EventRequest(name=name, instance=made.instance), actor="user:cast")
    drain()
    return made.instance
