"""Every route of the designer, taken from its URLconf, is closed to visitors and to strangers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, reverse

from designer.urls import urlpatterns
from orchestrator.definitions.models import Machine

NAMES = [pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern) and pattern.name]
OF_A_MACHINE = [name for name in NAMES if name not in ("machines", "new", "import")]
CHANGING = [
    "save-chart",
    "undo",
    "redo",
    "publish",
    "start",
    *(name for name in NAMES if name.startswith(("add-", "save-", "delete-"))),
]


def address(name: str, slug: str) -> str:
    return reverse(f"designer:{name}", args=[slug] if name in OF_A_MACHINE else [])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_visitor_is_led_to_the_login_page(client: Client, machine: Machine, name: str, method: str) -> None:
    response = getattr(client, method)(address(name, machine.slug))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_a_part_of_a_page_leads_a_visitor_to_the_login_page_as_a_whole(client: Client, machine: Machine) -> None:
    response = client.get(address("inspector", machine.slug), headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == reverse("login")


@pytest.mark.parametrize("name", OF_A_MACHINE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_machine_of_somebody_else_does_not_exist(
    client: Client, machine: Machine, stranger: User, name: str, method: str
) -> None:
    client.force_login(stranger)
    before = Machine.objects.values().get(pk=machine.pk)
    response = getattr(client, method)(address(name, machine.slug), {"ref": "draft"})
    assert response.status_code in (404, 405)
    assert Machine.objects.values().get(pk=machine.pk) == before


@pytest.mark.parametrize("name", sorted(set(CHANGING)))
def test_nothing_changes_without_the_csrf_token(owner: User, machine: Machine, name: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(address(name, machine.slug), {"ref": "draft", "revision": 0}).status_code == 403


def test_a_list_shows_only_what_its_reader_may_see(client: Client, machine: Machine, stranger: User) -> None:
    client.force_login(stranger)
    assert machine.title not in client.get(reverse("designer:machines")).content.decode()


def test_who_may_only_look_cannot_change(client: Client, machine: Machine, stranger: User) -> None:
    stranger.user_permissions.add(Permission.objects.get(codename="view_machine"))
    client.force_login(stranger)
    assert client.get(address("design", machine.slug)).status_code == 200
    response = client.post(address("add-state", machine.slug), {"title": "X", "type": "atomic", "revision": 0})
    assert response.status_code == 403
