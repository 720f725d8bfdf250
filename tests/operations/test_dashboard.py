from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.runtime.models import Heartbeat, Incident, Instance
from tests.operations.cast import started

pytestmark = pytest.mark.django_db


def overdue(instance: int, state: str) -> Incident:
    row = Instance.objects.get(pk=instance)
    since = datetime(2012, 3, 8, 9, 30, tzinfo=UTC)
    return Incident.objects.create(
        instance=row, machine=row.machine, version=row.version, kind="overdue", state=state, since=since
    )


def test_the_first_page_teaches_when_there_is_no_machine(client: Client) -> None:
    page = client.get(reverse("admin:index"))
    assert page.status_code == 200
    assert "No machines yet" in page.content.decode()


def test_the_first_page_counts_instances_per_state(client: Client, machine: Machine) -> None:
    for number in range(3):
        started(f"A-{number}")
    started("B-1", "collect")
    started("C-1", "hand.over")
    page = client.get(reverse("admin:index")).content.decode()
    assert 'aria-label="Accepted 3; Road 1; Delivered 1"' in page


def test_a_title_is_never_markup(client: Client, machine: Machine) -> None:
    started("<script>alert(1)</script>")
    addresses = [
        reverse("admin:index"),
        reverse("admin:operations_machine", args=[machine.slug]),
        reverse("admin:operations_instances", args=[machine.slug]),
        reverse("admin:operations_instance", args=[Instance.objects.get().pk]),
    ]
    for address in addresses:
        page = client.get(address).content.decode()
        assert "<b>post" not in page
        assert "<script>alert" not in page


def test_the_machine_page_shows_heat_counts_and_stuck_on_the_diagram(client: Client, machine: Machine) -> None:
    stuck = started("A-1")
    started("A-2")
    started("C-1", "hand.over")
    overdue(stuck, "accepted")
    page = client.get(reverse("admin:operations_machine", args=[machine.slug])).content.decode()
    assert "sb-diagram" in page
    assert "heat-5" in page
    assert "1 stuck" in page
    assert "Thu 8 Mar 2012" in page
    assert "expected within 4 h" in page


def test_final_states_stand_in_the_table(client: Client, machine: Machine) -> None:
    for number in range(4):
        started(f"C-{number}", "hand.over")
    page = client.get(reverse("admin:operations_machine", args=[machine.slug]))
    lines = {line.state: line for line in page.context["stands"].lines}
    assert (lines["delivered"].count, lines["delivered"].final) == (4, True)
    assert page.context["totals"].completed == 4


def test_the_health_strip_says_when_nothing_works(client: Client, machine: Machine) -> None:
    page = client.get(reverse("admin:index")).content.decode()
    assert "none running" in page
    assert "never seen" in page
    Heartbeat.objects.create(name="w", kind="worker")
    Heartbeat.objects.create(name="b", kind="beat")
    page = client.get(reverse("admin:index")).content.decode()
    assert "1 running" in page
    assert "on time" in page


@pytest.mark.parametrize("name", ["index", "operations_machine", "operations_all_instances", "operations_incidents"])
def test_a_live_part_is_sent_again_only_when_it_changed(client: Client, machine: Machine, name: str) -> None:
    started("A-1")
    address = reverse(f"admin:{name}", args=[machine.slug] if name == "operations_machine" else [])
    for _ in range(3):  # the curve moves on every ten seconds, perhaps between the two looks
        first = client.get(address, headers={"HX-Request": "true"})
        assert "<html" not in first.content.decode()
        tag = first.headers["ETag"]
        again = client.get(address, headers={"HX-Request": "true", "If-None-Match": tag})
        if again.status_code == 304:
            break
    assert (again.status_code, again.content) == (304, b"")
    overdue(started("A-2"), "accepted")
    changed = client.get(address, headers={"HX-Request": "true", "If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_a_machine_that_is_not_there_is_404(client: Client) -> None:
    assert client.get(reverse("admin:operations_machine", args=["nothing"])).status_code == 404
