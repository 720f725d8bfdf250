"""Who has to do with a task: the two of its group, somebody else, the owner of the machine, operators."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, start
from orchestrator.runtime.models import HumanTask

GROUP = "underwriters"
FORM = [
    {"name": "verdict", "label": "Verdict", "type": "choice", "options": ["approve", "decline"], "required": True},
    {"name": "amount", "label": "Amount", "type": "number", "default": "${context.amount}"},
    {"name": "checked", "label": "Papers checked", "type": "boolean"},
    {"name": "until", "label": "Valid until", "type": "date"},
    {"name": "note", "label": "Note", "type": "text"},
]
DOCUMENT: dict[str, Any] = {
    "signalbox": 1,
    "id": "loan",
    "title": "Loan",
    "initial": "review",
    "context": {"amount": 500, "review": None},
    "states": {
        "review": {
            "title": "In review",
            "invoke": [
                {
                    "id": "decide",
                    "kind": "human",
                    "title": "Decide",
                    "input": {
                        "title": "Decide on ${instance.key}",
                        "instructions": "Read <b>all</b> papers.\nThen decide.",
                        "group": GROUP,
                        "due": "P2D",
                        "form": FORM,
                    },
                    "result": "review",
                    "onDone": [{"target": "decided"}],
                    "onFailure": {"policy": "catch", "target": "refused"},
                }
            ],
        },
        "decided": {"type": "final"},
        "refused": {"type": "final"},
    },
}
ANSWER = {"field-verdict": "approve", "field-amount": "250", "field-checked": "true", "field-until": "2031-05-01"}


def person(name: str, *groups: str, permissions: tuple[str, ...] = ()) -> User:
    """A user whose password is pw; `permissions` are codenames of the definitions app."""
    user = User.objects.create_user(name, password="pw")
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    user.user_permissions.set(
        Permission.objects.filter(codename__in=permissions, content_type__app_label="definitions")
    )
    return user


def published(owner: User, **given: Any) -> Machine:
    """The machine of a loan; keyword arguments are of the task's input."""
    document = copy.deepcopy(DOCUMENT)
    document["states"]["review"]["invoke"][0]["input"].update(given)
    machine = create_machine(owner, "Loan", document)
    publish(machine, owner)
    return machine


def waiting(machine: Machine, key: str = "L-1") -> HumanTask:
    """The task of a new instance."""
    made = start(StartRequest(machine=machine.slug, key=key), actor="user:cast")
    drain()
    return HumanTask.objects.get(run__instance=made.instance)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
