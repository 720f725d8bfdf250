"""Suspend, resume, skip and move: the dialog says what will happen, the journal who did it and why."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.runtime import commands
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import Instance, JournalEntry
from tests.operations.cast import published, started


@pytest.fixture
def parcel(machine: Machine) -> int:
    return started("P-1")


def at(instance: int, verb: str) -> str:
    return reverse("admin:operations_intervene", args=[instance, verb])


def told(instance: int, name: str) -> tuple[str, str, str]:
    row = JournalEntry.objects.get(instance=instance, kind="command", name=name)
    return row.outcome, row.actor, row.detail


def page_of(client: Client, instance: int) -> str:
    return client.get(reverse("admin:operations_instance", args=[instance])).content.decode()


def test_a_suspended_instance_says_by_whom_and_why_and_can_be_resumed(client: Client, parcel: int) -> None:
    assert "no timer fires" in client.get(at(parcel, "suspend")).content.decode()
    client.post(at(parcel, "suspend"), {"reason": "the customer moves <house>"})
    drain()
    assert Instance.objects.get(pk=parcel).status == "suspended"
    page = page_of(client, parcel)
    assert "by root: the customer moves &lt;house&gt;" in page
    assert 'id="act-resume"' in page
    assert 'id="act-suspend"' not in page
    client.post(at(parcel, "resume"), {"reason": ""})
    drain()
    assert Instance.objects.get(pk=parcel).status == "running"
    assert told(parcel, "resume")[:2] == ("applied", "user:root")


def test_suspended_instances_are_a_choice_of_the_list(client: Client, parcel: int) -> None:
    started("P-2")
    commands.suspend(parcel, "wait", "user:root")
    drain()
    page = client.get(reverse("admin:operations_all_instances"), {"status": "suspended"})
    assert [row.row.key for row in page.context["rows"]] == ["P-1"]


def test_an_instance_is_moved_to_the_state_that_was_chosen(client: Client, parcel: int) -> None:
    dialog = client.get(at(parcel, "move"))
    assert "road" in dict(dialog.context["choices"])
    client.post(at(parcel, "move"), {"state": "road", "reason": "it was on the van already"})
    drain()
    assert Instance.objects.get(pk=parcel).configuration == "road"
    outcome, actor, detail = told(parcel, "move")
    assert (outcome, actor) == ("applied", "user:root")
    assert "it was on the van already" in detail


def test_an_activity_is_skipped_with_the_result_that_was_given(client: Client, root: User) -> None:
    paying = {"id": "pay", "kind": "python", "input": {"callable": "pay"}, "result": "paid"}
    states = {"work": {"invoke": [{**paying, "onDone": [{"target": "end"}]}]}, "end": {"type": "final"}}
    document = {"signalbox": 1, "id": "payment", "title": "Payment", "initial": "work", "context": {}, "states": states}
    published(root, "payment", document)
    instance = started("Q-1", machine="payment")
    wrong = client.post(at(instance, "skip"), {"activity": "pay", "result": "{", "reason": "by hand"})
    assert "not JSON" in wrong.content.decode()
    client.post(at(instance, "skip"), {"activity": "pay", "result": '{"amount": 5}', "reason": "paid by hand"})
    drain()
    found = Instance.objects.get(pk=instance)
    assert (found.status, json.loads(found.snapshot)["context"]) == ("completed", {"paid": {"amount": 5}})
    assert told(instance, "skip")[:2] == ("applied", "user:root")


@pytest.mark.parametrize(
    ("verb", "values", "words"),
    [
        ("suspend", {"reason": ""}, "Say why"),
        ("suspend", {"reason": "x" * 301}, "300"),
        ("move", {"state": "nowhere", "reason": "r"}, "has no state"),
        ("move", {"state": "road"}, "Say why"),
        ("skip", {"activity": "nothing", "reason": "r"}, "there is nothing to skip"),
        ("resume", {"reason": ""}, "not suspended"),
    ],
)
def test_what_cannot_be_done_is_said_in_the_dialog_and_changes_nothing(
    client: Client, parcel: int, verb: str, values: dict[str, str], words: str
) -> None:
    answer = client.post(at(parcel, verb), values)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Instance.objects.get(pk=parcel).inbox.count() == 0


def test_a_dialog_with_nothing_to_choose_says_so(client: Client, parcel: int) -> None:
    page = client.get(at(parcel, "skip")).content.decode()
    assert "there is nothing to skip" in page
    assert "disabled" in page


def test_what_has_ended_offers_nothing_and_refuses_plainly(client: Client, parcel: int) -> None:
    commands.cancel(parcel, "over", "user:root")
    drain()
    assert "act-move" not in page_of(client, parcel)
    answer = client.post(at(parcel, "suspend"), {"reason": "late"})
    assert "the instance is cancelled" in answer.content.decode()


@pytest.mark.parametrize("verb", ["suspend", "resume", "skip", "move"])
def test_who_may_only_look_cannot_intervene(machine: Machine, parcel: int, verb: str) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename="view_machine"))
    watching, stranger = Client(), Client()
    watching.force_login(viewer)
    stranger.force_login(User.objects.create_user("stranger"))
    assert watching.post(at(parcel, verb), {"reason": "r"}).status_code in (403, 404)
    assert stranger.get(at(parcel, verb)).status_code == 404
    assert Client().get(at(parcel, verb)).status_code == 302


def test_an_unknown_verb_is_404(client: Client, parcel: int) -> None:
    assert client.get(at(parcel, "explode")).status_code == 404
