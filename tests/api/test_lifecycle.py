"""Over the API and in the shell: skip, move, and take instances over into another version."""

from __future__ import annotations

import copy
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.runtime.models import Instance, JournalEntry
from tests.api.cast import DOCUMENT, Caller, drain, stored

WAITING: dict[str, Any] = copy.deepcopy(DOCUMENT)
WAITING["states"]["packed"]["invoke"] = [
    {
        "id": "weigh",
        "kind": "python",
        "title": "Weigh",
        "input": {"callable": "nowhere.to.be.found"},
        "result": "weight",
        "onDone": [{"target": "travelling"}],
    }
]
MIGRATE = "/machines/parcel/migrate"


@pytest.fixture
def instance(machine: Machine, ada: User, caller: Caller) -> int:
    """One that waits in `packed` of version 2."""
    version(machine, ada, WAITING)
    pk: int = caller.post("/machines/parcel/instances", {"key": "p1"})[1]["id"]
    drain()
    return pk


def version(machine: Machine, user: User, document: dict[str, Any]) -> None:
    Machine.objects.filter(pk=machine.pk).update(draft=document)
    publish(machine, user)


def renamed(machine: Machine, user: User) -> None:
    """Version 3, in which `packed` is called `boxed`."""
    changed = copy.deepcopy(WAITING)
    changed["states"] = {"boxed": changed["states"].pop("packed"), **changed["states"]}
    changed["initial"] = "boxed"
    version(machine, user, changed)


def states() -> list[str]:
    return list(Instance.objects.order_by("pk").values_list("configuration", flat=True))


def shell(*args: str) -> str:
    out = StringIO()
    call_command("migrateinstances", *args, stdout=out)
    return out.getvalue()


def test_an_activity_is_skipped_with_a_result(instance: int, caller: Caller) -> None:
    body = {"activity": "weigh", "result": 7, "reason": "the scales are broken"}
    assert caller.post(f"/instances/{instance}/skip", body)[0] == 202
    drain()
    assert caller.get(f"/instances/{instance}")[1]["context"] == {"weight": 7}
    assert states() == ["travelling"]
    assert JournalEntry.objects.get(name="skip").actor == "token:ada/ci"


def test_an_instance_is_moved(instance: int, caller: Caller) -> None:
    assert caller.post(f"/instances/{instance}/move", {"state": "travelling", "reason": "by hand"})[0] == 202
    drain()
    assert states() == ["travelling"]


@pytest.mark.parametrize(
    ("name", "body", "status", "field"),
    [
        ("skip", {"activity": "none", "reason": "r"}, 409, "activity"),
        ("skip", {"activity": "weigh"}, 422, "reason"),
        ("skip", {"activity": "weigh", "reason": " "}, 422, "reason"),
        ("move", {"state": "none", "reason": "r"}, 409, "state"),
        ("move", {"state": "travelling", "reason": ""}, 422, "reason"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_field(
    instance: int, caller: Caller, name: str, body: dict[str, Any], status: int, field: str
) -> None:
    before = stored()
    code, answer = caller.post(f"/instances/{instance}/{name}", body)
    assert (code, answer["error"]["field"]) == (status, field)
    assert stored() == before


def test_a_dry_run_says_what_would_become_of_the_instances_and_the_change_does_it(
    instance: int, machine: Machine, ada: User, caller: Caller
) -> None:
    renamed(machine, ada)
    status, planned = caller.post(MIGRATE, {"to": 3})
    assert (status, planned["fits"], planned["needsMapping"], planned["asked"]) == (200, 0, 1, 0)
    assert (planned["reasons"][0]["code"], planned["reasons"][0]["instances"]) == ("unmapped", [instance])
    body = {"to": 3, "mapping": {"packed": "boxed"}, "reason": "boxes now", "dryRun": False}
    status, done = caller.post(MIGRATE, {**body, "where": {"states": ["packed"], "versions": [2]}})
    assert (status, done["fits"], done["asked"], done["next"]) == (202, 1, 1, None)
    drain()
    assert (states(), Instance.objects.get().version.number) == (["boxed"], 3)
    assert JournalEntry.objects.get(name="migrate").actor == "token:ada/ci"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": 9}, "to"),
        ({"to": 1, "dryRun": False}, "reason"),
        ({"to": 1, "mapping": {"none": "packed"}}, "mapping"),
        ({"to": 1, "where": {"colour": "red"}}, "where.colour"),
        ({"to": 1, "limit": 0}, "limit"),
    ],
)
def test_a_migration_that_means_nothing_is_refused_by_its_field(
    instance: int, caller: Caller, body: dict[str, Any], field: str
) -> None:
    status, answer = caller.post(MIGRATE, body)
    assert (status, answer["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/instances/{pk}/skip", {"activity": "weigh", "reason": "r"}),
        ("/instances/{pk}/move", {"state": "travelling", "reason": "r"}),
        (MIGRATE, {"to": 1}),
    ],
)
def test_nobody_acts_on_what_they_may_not_see(instance: int, address: str, body: dict[str, Any]) -> None:
    other = Caller(User.objects.create_user("bob"))
    before = stored()
    assert other.post(address.format(pk=instance), body)[0] == 404
    assert stored() == before


def test_the_shell_plans_and_changes(instance: int, machine: Machine, ada: User) -> None:
    renamed(machine, ada)
    planned = shell("parcel", "--to", "3", "--dry-run")
    assert "1 instances: 0 fit, 1 need a mapping, 0 are stranded." in planned
    assert f"unmapped: the new version has no state “packed” (Packed). Map packed to a state ({instance})" in (
        planned.replace(", perhaps packed=boxed.", "")
    )
    told = shell("parcel", "--to", "3", "--map", "packed=boxed", "--where", "version=2", "--reason", "boxes now")
    assert "1 were asked; 0 are not in version 3 now." in told
    assert states() == ["boxed"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--map", "packed"), "--map takes NAME=VALUE"),
        (("--where", "colour=red"), "--where knows no colour"),
        (("--where", "version=x"), "--where version takes a number"),
        (("--where", "key=a", "--where", "key=b"), "--where takes one key"),
        ((), "reason is missing"),
    ],
)
def test_the_shell_refuses_in_one_sentence(instance: int, args: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        shell("parcel", "--to", "1", *args)
    assert Instance.objects.get().version.number == 2


def test_new_starts_are_spread_by_weights(instance: int, caller: Caller) -> None:
    address = "/machines/parcel/rollout"
    assert caller.put(address, {"weights": {"1": 75, "2": 25}}) == (200, {"weights": {"1": 75, "2": 25}})
    assert caller.get(address) == (200, {"weights": {"1": 75, "2": 25}})
    for weights in ({"1": 75, "2": 24}, {"9": 100}):
        status, answer = caller.put(address, {"weights": weights})
        assert (status, answer["error"]["field"]) == (422, "weights")
    other = Caller(User.objects.create_user("bob"))
    assert (other.get(address)[0], other.put(address, {"weights": {}})[0]) == (404, 404)
    assert caller.put(address, {"weights": {}}) == (200, {"weights": {}})
