from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import ActivityRun, Instance, JournalEntry
from tests.operations.cast import started


@pytest.fixture
def parcel(machine: Machine) -> int:
    return started("P-1")


def test_the_send_dialog_offers_the_events_which_have_an_effect(client: Client, parcel: int) -> None:
    page = client.get(reverse("admin:operations_send", args=[parcel]))
    assert [choice.name for choice in page.context["choices"]] == ["collect", "pay", "hand.over"]


def test_a_sent_event_is_applied_and_the_page_reports_it(client: Client, parcel: int) -> None:
    values = {"choice": "collect", "payload": '{"by": "van"}', "once": str(uuid.uuid4())}
    answer = client.post(reverse("admin:operations_send", args=[parcel]), values)
    assert answer.status_code == 302
    assert "Accepted and stored" in client.get(answer.headers["Location"]).content.decode()
    drain()
    assert "collect was applied" in client.get(answer.headers["Location"]).content.decode()
    row = JournalEntry.objects.get(instance=parcel, name="collect")
    assert (row.actor, json.loads(row.data)) == ("user:root", {"by": "van"})
    assert Instance.objects.get(pk=parcel).configuration == "road"


def test_a_double_click_is_one_event(client: Client, parcel: int) -> None:
    values = {"choice": "collect", "payload": "{}", "once": str(uuid.uuid4())}
    for _ in range(2):
        client.post(reverse("admin:operations_send", args=[parcel]), values)
    drain()
    assert JournalEntry.objects.filter(instance=parcel, name="collect").count() == 1


def test_an_ignored_event_is_reported_as_ignored(client: Client, parcel: int) -> None:
    answer = client.post(reverse("admin:operations_send", args=[parcel]), {"choice": "__other__", "name": "nonsense"})
    drain()
    assert "nonsense was ignored" in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"choice": "collect", "payload": "[1]"}, "must be a JSON object"),
        ({"choice": "collect", "payload": "{"}, "not JSON"),
        ({"choice": "collect", "payload": '{"a": NaN}'}, "not JSON"),
        ({"choice": "collect", "payload": '{"a":' * 9_000}, "JSON"),
        ({"choice": "__other__", "name": ""}, "Choose an event"),
        ({"choice": "__other__", "name": "x" * 201}, "200"),
    ],
)
def test_a_wrong_entry_is_refused_beside_its_field_and_kept(
    client: Client, parcel: int, values: dict[str, str], words: str
) -> None:
    page = client.post(reverse("admin:operations_send", args=[parcel]), values)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert Instance.objects.get(pk=parcel).inbox.count() == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"choice": "hand.over"}, "Accepted to Delivered. The instance is completed then."),
        ({"choice": "__other__", "name": "nonsense"}, "journaled as ignored"),
        ({"choice": "pay"}, "Starts Charge card."),
        ({"choice": "collect", "payload": "["}, "not JSON"),
    ],
)
def test_the_preview_says_what_the_event_would_do_and_stores_nothing(
    client: Client, parcel: int, values: dict[str, str], words: str
) -> None:
    page = client.post(reverse("admin:operations_send_preview", args=[parcel]), values)
    assert words in page.content.decode()
    assert Instance.objects.get(pk=parcel).configuration == "accepted"
    assert Instance.objects.get(pk=parcel).inbox.count() == 0


def test_cancel_needs_a_reason_and_then_stops_the_instance(client: Client, parcel: int) -> None:
    address = reverse("admin:operations_cancel", args=[parcel])
    assert "stops for good in" in client.get(address).content.decode()
    refused = client.post(address, {"reason": "  "})
    assert (refused.status_code, Instance.objects.get(pk=parcel).inbox.count()) == (422, 0)
    answer = client.post(address, {"reason": "Sent by mistake"})
    drain()
    page = client.get(answer.headers["Location"]).content.decode()
    assert "cancel was applied" in page
    assert Instance.objects.get(pk=parcel).status == "cancelled"


def test_a_finished_instance_refuses_and_says_why(client: Client, machine: Machine) -> None:
    done = started("P-2", "hand.over")
    page = client.post(reverse("admin:operations_cancel", args=[done]), {"reason": "x"})
    assert page.status_code == 422
    assert "completed" in page.content.decode()


def test_retry_names_the_failed_activity_and_runs_it_again(client: Client, machine: Machine) -> None:
    paying = started("P-3", "pay")
    ActivityRun.objects.filter(instance=paying).update(status="failed", attempts=3, last_error="Card refused")
    address = reverse("admin:operations_retry", args=[paying])
    page = client.get(address).content.decode()
    assert "Charge card" in page
    assert "Card refused" in page
    followed = client.post(address, {"reason": "The bank is back"}, follow=True)
    assert "1 activity is being tried again." in followed.content.decode()


def test_htmx_gets_the_dialog_alone_and_is_led_on_afterwards(client: Client, parcel: int) -> None:
    headers = {"HX-Request": "true"}
    page = client.get(reverse("admin:operations_cancel", args=[parcel]), headers=headers)
    assert page.content.decode().lstrip().startswith("<dialog")
    answer = client.post(reverse("admin:operations_cancel", args=[parcel]), {"reason": "x"}, headers=headers)
    assert answer.headers["HX-Redirect"].startswith(reverse("admin:operations_instance", args=[parcel]))


def test_looking_never_changes_anything(client: Client, parcel: int) -> None:
    for name in ("send", "retry", "cancel"):
        client.get(reverse(f"admin:operations_{name}", args=[parcel]), {"reason": "x", "choice": "collect"})
    assert client.get(reverse("admin:operations_bulk")).status_code == 405
    assert Instance.objects.get(pk=parcel).inbox.count() == 0
