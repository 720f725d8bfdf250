"""Who sees and who may change which machine."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.http import Http404

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404, visible_machines
from tests.definitions.test_machines import DOCUMENT

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine() -> Machine:
    return create_machine(User.objects.create_user("owner"), "Loan", DOCUMENT)


def person(*codenames: str, superuser: bool = False, active: bool = True) -> User:
    user = User.objects.create_user("person", is_superuser=superuser, is_active=active)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


def test_the_owner_sees_and_edits(machine: Machine) -> None:
    assert get_machine_or_404(machine.owner, "loan") == machine
    assert can_edit(machine.owner, machine)


def test_a_stranger_finds_nothing(machine: Machine) -> None:
    stranger = person()
    assert not visible_machines(stranger).exists()
    assert not can_edit(stranger, machine)
    with pytest.raises(Http404):
        get_machine_or_404(stranger, "loan")


def test_a_viewer_sees_all_and_edits_none(machine: Machine) -> None:
    viewer = person("view_machine")
    assert list(visible_machines(viewer)) == [machine]
    assert not can_edit(viewer, machine)


def test_an_administrator_sees_and_edits_all(machine: Machine) -> None:
    admin = person(superuser=True)
    assert list(visible_machines(admin)) == [machine]
    assert can_edit(admin, machine)


def test_who_is_not_active_or_not_logged_in_finds_nothing(machine: Machine) -> None:
    for user in (person(superuser=True, active=False), AnonymousUser()):
        assert not visible_machines(user).exists()
        assert not can_edit(user, machine)
