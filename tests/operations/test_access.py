"""Every address of the operations pages, for each kind of visitor. The list is made from the site's own patterns."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orchestrator.alerts.models import Alert
from orchestrator.definitions.models import Machine
from orchestrator.operations.site import admin_site
from orchestrator.runtime.models import Instance
from orchestrator.schedules.models import Schedule
from tests.operations.cast import failed_alert, person, published, signed_in, started
from tests.schedules.cast import scheduled

POST_ONLY = {
    "operations_bulk",
    "operations_send_preview",
    "operations_schedule_preview",
    "operations_schedule_pause",
    "operations_schedule_resume",
}
ACTIONS = {
    "operations_send",
    "operations_send_preview",
    "operations_retry",
    "operations_cancel",
    "operations_intervene",
    "operations_send_again",
    "operations_schedule_new",
    "operations_schedule_preview",
    "operations_schedule_edit",
    "operations_schedule_pause",
    "operations_schedule_resume",
    "operations_schedule_backfill",
    "operations_schedule_delete",
}
# They list what this person may see: nothing.
OPEN_TO_STAFF = {"operations_all_instances", "operations_incidents", "operations_schedules"}
NAMES = sorted(str(pattern.name) for pattern in admin_site.operations_urls())


@pytest.fixture
def addresses(machine: Machine) -> dict[str, str]:
    """A real address for each name."""
    instance = started("P-1")
    alert = failed_alert(machine).pk
    schedule = scheduled(machine, "of-others").pk
    keys = {"send_again": alert, "schedule": schedule}
    found = {}
    for pattern in admin_site.operations_urls():
        arguments = {
            "slug": machine.slug,
            "pk": next((pk for part, pk in keys.items() if part in str(pattern.name)), instance),
            "verb": "suspend",
            "name": "20261124T054937746488-257fdc2a",
        }
        wanted = pattern.pattern.converters
        found[str(pattern.name)] = reverse(f"admin:{pattern.name}", kwargs={key: arguments[key] for key in wanted})
    return found


def visit(client: Client, name: str, address: str) -> int:
    response = client.post(address, {"action": "retry"}) if name in POST_ONLY else client.get(address)
    return response.status_code


def test_every_address_is_covered(addresses: dict[str, str]) -> None:
    assert sorted(addresses) == NAMES
    assert len(NAMES) >= 14


@pytest.mark.parametrize("name", NAMES)
def test_an_anonymous_visitor_is_led_to_the_login(addresses: dict[str, str], name: str) -> None:
    assert visit(Client(), name, addresses[name]) == 302


@pytest.mark.parametrize("name", [*NAMES, "index"])
def test_who_is_not_staff_finds_nothing(addresses: dict[str, str], name: str) -> None:
    client = signed_in(person("ordinary", permissions=("view_machine", "change_machine")))
    assert visit(client, name, {**addresses, "index": reverse("admin:index")}[name]) == 404


@pytest.mark.parametrize("name", NAMES)
def test_staff_without_permission_sees_nothing_of_others(addresses: dict[str, str], name: str) -> None:
    client = signed_in(person("clerk", staff=True))
    address = addresses[name]
    if name in OPEN_TO_STAFF:
        shown = client.get(address).content.decode()
        assert "P-1" not in shown
        assert "of-others" not in shown
    elif name == "operations_bulk":
        answer = client.post(
            address, {"action": "cancel", "id": str(Instance.objects.get().pk), "confirm": "1", "reason": "x"}
        )
        assert answer.status_code == 422
        assert Instance.objects.get().inbox.count() == 0
    else:
        assert visit(client, name, address) == 404


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_who_may_only_look_cannot_act(addresses: dict[str, str], name: str) -> None:
    client = signed_in(person("watcher", staff=True, permissions=("view_machine",)))
    assert client.get(addresses["operations_instance"]).status_code == 200
    values = {"choice": "collect", "reason": "because", "action": "cancel"}
    assert client.post(addresses[name], values).status_code == 403
    assert Instance.objects.get().inbox.count() == 0
    assert Alert.objects.get().status == "failed"
    assert Schedule.objects.get().paused is False


def test_who_may_only_look_sees_no_buttons(addresses: dict[str, str]) -> None:
    client = signed_in(person("watcher", staff=True, permissions=("view_machine",)))
    assert "Send event" not in client.get(addresses["operations_instance"]).content.decode()
    assert "Cancel selected" not in client.get(addresses["operations_instances"]).content.decode()


def test_staff_sees_its_own_machine(root: User, machine: Machine) -> None:
    clerk = person("clerk", staff=True)
    published(clerk, "mine", {**machine.draft, "id": "mine", "title": "Mine"})
    page = signed_in(clerk).get(reverse("admin:index")).content.decode()
    assert "Mine" in page
    assert "Parcel" not in page


@pytest.mark.parametrize("name", sorted(ACTIONS | {"operations_bulk"}))
def test_a_post_without_the_csrf_token_is_refused(addresses: dict[str, str], root: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(root)
    assert client.post(addresses[name], {"reason": "x", "choice": "collect", "action": "retry"}).status_code == 403


def test_the_login_of_the_administration_is_the_login_of_the_site(client: Client, machine: Machine) -> None:
    anonymous = Client().get(reverse("admin:index"), follow=True)
    assert anonymous.resolver_match.url_name == "login"
    assert client.get(reverse("admin:login")).headers["Location"] == reverse("admin:index")
