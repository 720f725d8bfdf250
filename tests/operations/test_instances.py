from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.runtime.models import Instance
from tests.operations.cast import started
from tests.operations.test_dashboard import overdue


@pytest.fixture
def crowd(machine: Machine) -> dict[str, int]:
    return {
        "waits": started("A-1"),
        "late": started("A-2"),
        "drives": started("B-1", "collect"),
        "flies": started("B-2", "collect", "load"),
        "done": started("C-1", "hand.over"),
    }


def keys(client: Client, machine: Machine, **query: str) -> list[str]:
    page = client.get(reverse("admin:operations_instances", args=[machine.slug]), query)
    assert page.status_code == 200
    assert page.context["page"].total == len(page.context["rows"])
    return sorted(item.row.key for item in page.context["rows"])


def test_the_list_is_narrowed_by_each_filter(client: Client, machine: Machine, crowd: dict[str, int]) -> None:
    overdue(crowd["late"], "accepted")
    assert keys(client, machine) == ["A-1", "A-2", "B-1", "B-2", "C-1"]
    assert keys(client, machine, state="accepted") == ["A-1", "A-2"]
    assert keys(client, machine, state="travelling") == ["B-1", "B-2"]
    assert keys(client, machine, state="accepted", stuck="1") == ["A-2"]
    assert keys(client, machine, status="completed") == ["C-1"]
    assert keys(client, machine, q="b-") == ["B-1", "B-2"]


@pytest.mark.parametrize(
    "query",
    [
        {"page": "99999999999"},
        {"page": "-1"},
        {"page": "x"},
        {"state": "(((", "q": "\x00"},
        {"status": "'; drop table"},
        {"q": "x" * 5_000},
    ],
)
def test_a_strange_filter_still_opens(
    client: Client, machine: Machine, crowd: dict[str, int], query: dict[str, str]
) -> None:
    assert client.get(reverse("admin:operations_instances", args=[machine.slug]), query).status_code == 200


def test_pages_hold_fifty_and_the_total_is_exact(client: Client, machine: Machine) -> None:
    row = Instance(machine=machine, version=machine.current, configuration="accepted")
    Instance.objects.bulk_create(
        [Instance(machine=row.machine, version=row.version, key=f"N-{n}", configuration="accepted") for n in range(120)]
    )
    address = reverse("admin:operations_instances", args=[machine.slug])
    page = client.get(address, {"page": "3"})
    assert (page.context["page"].total, page.context["page"].pages, len(page.context["rows"])) == (120, 3, 20)


def test_an_instance_page_tells_where_it_stands_and_what_it_waits_for(
    client: Client, machine: Machine, crowd: dict[str, int]
) -> None:
    page = client.get(reverse("admin:operations_instance", args=[crowd["drives"]])).content.decode()
    assert "In Road: waiting for load." in page
    assert "is-active" in page
    assert "is-taken" in page
    assert "Accepted to " in page
    assert "stops" in page


def test_an_overdue_instance_says_since_when_and_how_long_was_expected(
    client: Client, machine: Machine, crowd: dict[str, int]
) -> None:
    overdue(crowd["late"], "accepted")
    page = client.get(reverse("admin:operations_instance", args=[crowd["late"]])).content.decode()
    assert "Waiting for collect, pay or hand.over for" in page
    assert "Expected within 4 h." in page
    assert "Thu 8 Mar 2012" in page
    assert "is-stuck" in page


def test_a_timer_that_ends_the_wait_is_named(client: Client, machine: Machine, crowd: dict[str, int]) -> None:
    page = client.get(reverse("admin:operations_instance", args=[crowd["flies"]])).content.decode()
    assert "A timer moves it on at" in page


def test_an_unknown_instance_is_404(client: Client, machine: Machine) -> None:
    assert client.get(reverse("admin:operations_instance", args=[10**18])).status_code == 404
