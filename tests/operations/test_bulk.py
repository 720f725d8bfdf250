from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import InboxEvent, Instance
from orchestrator.runtime.queries_instances import MAX_ROWS
from tests.operations.cast import started

ADDRESS = "/admin/operations/bulk/"


@pytest.fixture
def crowd(machine: Machine) -> list[int]:
    return [started("A-1"), started("A-2"), started("B-1", "collect"), started("C-1", "hand.over")]


def test_the_plan_counts_by_state_and_changes_nothing(client: Client, crowd: list[int]) -> None:
    page = client.post(ADDRESS, {"action": "cancel", "id": [str(pk) for pk in crowd]})
    assert page.status_code == 200
    counts = {state: count for _, state, count in page.context["by_state"]}
    assert counts == {"Accepted": 2, "Road": 1, "Delivered": 1}
    assert page.context["finished"] == 1
    assert InboxEvent.objects.count() == 0


def test_the_report_says_what_really_changed(client: Client, crowd: list[int]) -> None:
    values = {"action": "cancel", "ids": ",".join(map(str, crowd)), "confirm": "1", "reason": "Stock was burnt"}
    answer = client.post(ADDRESS, values)
    assert answer.status_code == 302
    before = client.get(answer.headers["Location"])
    assert (before.context["done"], before.context["waiting"]) == (3, 3)
    assert before.context["refused"] == [("It has ended already.", 1)]
    drain()
    after = client.get(answer.headers["Location"])
    assert (after.context["now"], after.context["waiting"]) == ([("cancelled", 3)], 0)


def test_all_of_a_filter_can_be_taken(client: Client, machine: Machine, crowd: list[int]) -> None:
    values = {"action": "cancel", "all": "1", "machine": machine.slug, "query": "state=accepted"}
    page = client.post(ADDRESS, values)
    assert page.context["count"] == 2


def test_one_action_takes_at_most_a_thousand(client: Client, machine: Machine) -> None:
    version = machine.current
    Instance.objects.bulk_create(
        [
            Instance(machine=machine, version=version, key=f"N-{n}", configuration="accepted")
            for n in range(MAX_ROWS + 5)
        ]
    )
    page = client.post(ADDRESS, {"action": "retry", "all": "1", "machine": machine.slug, "query": ""})
    assert (page.context["count"], page.context["capped"]) == (MAX_ROWS, True)


def test_cancelling_many_needs_a_reason(client: Client, crowd: list[int]) -> None:
    values = {"action": "cancel", "ids": ",".join(map(str, crowd)), "confirm": "1", "reason": ""}
    assert client.post(ADDRESS, values).status_code == 422
    assert InboxEvent.objects.count() == 0


def test_nothing_selected_says_so(client: Client, machine: Machine) -> None:
    assert "Nothing is selected" in client.post(ADDRESS, {"action": "retry"}).content.decode()


@pytest.mark.parametrize("values", [{"action": "drop"}, {}, {"action": "retry", "all": "1", "machine": "nothing"}])
def test_an_unknown_action_or_machine_is_404(client: Client, machine: Machine, values: dict[str, str]) -> None:
    assert client.post(ADDRESS, values).status_code == 404


def test_a_report_belongs_to_who_acted(client: Client, crowd: list[int]) -> None:
    assert client.get(reverse("admin:operations_bulk_report", args=["0" * 32])).status_code == 404
