"""Operators keep topics, subscriptions and webhooks, and send again what has failed; others find nothing there."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from orchestrator.choreography.models import Bridge, Delivery, Endpoint, EventType, Topic, Webhook
from orchestrator.runtime import vault
from orchestrator.runtime.models import OutboxEvent

pytestmark = pytest.mark.django_db
KINDS = ("topic", "subscription", "delivery", "webhook", "bridge", "refused")
LISTS = [f"admin:choreography_{name}_changelist" for name in KINDS]


def of(*permissions: str, staff: bool = True) -> Client:
    user = User.objects.create_user(f"u{User.objects.count()}", is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def failed() -> Delivery:
    topic = Topic.objects.create(name="orders")
    end = Endpoint.objects.create(name="end", kind="subscription", topic=topic)
    event = OutboxEvent.objects.create(
        bucket=1, topic="orders", type="e", data="{}", key="k", source="s", event_id="1", occurred_at=topic.created_at
    )
    return Delivery.objects.create(event=event, endpoint=end, key="k", status="failed", attempts=10, error="no")


@pytest.mark.parametrize("page", LISTS)
def test_the_lists_open_for_who_may_see_them_alone(page: str) -> None:
    assert of(*(f"view_{kind}" for kind in KINDS)).get(reverse(page)).status_code == 200
    assert of().get(reverse(page)).status_code == 403
    assert of(staff=False).get(reverse(page)).status_code == 404


def test_a_failed_delivery_is_sent_again_by_who_may_change_it() -> None:
    delivery = failed()
    data = {"action": "deliver_again", "_selected_action": [delivery.pk]}
    of("view_delivery").post(reverse(LISTS[2]), data)
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    of("view_delivery", "change_delivery").post(reverse(LISTS[2]), data)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("pending", 0, "")


def test_a_paused_bridge_is_tried_at_once_when_somebody_asks_for_it() -> None:
    secret = vault.store("broker", "redis://127.0.0.1:1/0", "ada")
    topic = Topic.objects.create(name="orders")
    later = timezone.now() + timedelta(hours=1)
    bridge = Bridge.objects.create(name="b", queue="q", direction="in", topic=topic, secret=secret, paused_until=later)
    data = {"action": "try_now", "_selected_action": [bridge.pk]}
    of("view_bridge").post(reverse(LISTS[4]), data)
    bridge.refresh_from_db()
    assert bridge.paused_until == later
    of("view_bridge", "change_bridge").post(reverse(LISTS[4]), data)
    bridge.refresh_from_db()
    assert bridge.paused_until is None


@pytest.fixture
def webhook(settings: Settings, tmp_path: Path) -> dict[str, object]:
    """What a person types to make a webhook."""
    settings.SECRETS_FILE, settings.SECRETS_KEYS = tmp_path / "secrets-keys", []
    secret = vault.store("HOOK", f"whsec_{'a' * 32}", "ada")
    topic = Topic.objects.create(name="orders")
    return {"name": "shop", "topic": topic.pk, "pattern": "*", "active": "on", "secret": secret.pk}


def test_a_webhook_is_made_and_shows_the_address_at_which_it_takes_events(webhook: dict[str, object]) -> None:
    client, add = of("add_webhook", "view_webhook"), reverse("admin:choreography_webhook_add")
    client.post(add, {**webhook, "direction": "in", "event_type": "order.came"})
    assert "http://127.0.0.1:8000/hooks/shop" in client.get(reverse(LISTS[3])).text
    assert of("view_webhook").post(add, webhook).status_code == 403
    assert Webhook.objects.get().kind == "webhook"


@pytest.mark.parametrize("url", ["", "ftp://shop.example", "https://ada:hunter2@shop.example", "http://[", "shop"])
def test_an_outgoing_webhook_needs_an_address(webhook: dict[str, object], url: str) -> None:
    page = of("add_webhook").post(
        reverse("admin:choreography_webhook_add"), {**webhook, "direction": "out", "url": url}
    )
    assert "address" in page.text or "valid URL" in page.text
    assert not Webhook.objects.exists()


def test_a_secret_that_is_no_signing_key_is_refused_and_not_shown(webhook: dict[str, object]) -> None:
    vault.store("HOOK", "hunter2-hunter2", "ada")
    data = {**webhook, "direction": "out", "url": "https://shop.example"}
    page = of("add_webhook").post(reverse("admin:choreography_webhook_add"), data)
    assert "The secret is no signing key" in page.text
    assert "hunter2" not in page.text
    assert not Webhook.objects.exists()


def test_a_schema_is_registered_from_a_file_and_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}')
    call_command("topics", "orders", "order.placed", "1.0.0", file, stdout=(out := StringIO()))
    assert "is registered" in out.getvalue()
    file.write_text('{"type": "object", "required": ["id"]}')
    with pytest.raises(CommandError, match=r"schema: 1\.0\.0, backward: data\.id is required"):
        call_command("topics", "orders", "order.placed", "1.1.0", file)
    file.write_text("{")
    with pytest.raises(CommandError, match="cannot be read as JSON"):
        call_command("topics", "orders", "order.placed", "1.1.0", file)
    file.write_text('{"type": 5}')
    with pytest.raises(CommandError, match="schema: is no JSON Schema"):
        call_command("topics", "new", "order.placed", "1.0.0", file)
    assert not Topic.objects.filter(name="new").exists()
    with pytest.raises(CommandError, match="The topic must be a name"):
        call_command("topics", "two words", "order.placed", "1.0.0", file)
    assert list(EventType.objects.values_list("version", flat=True)) == ["1.0.0"]
