"""Operators keep topics and subscriptions, and send again what has failed; others find nothing there."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from orchestrator.choreography.models import Delivery, Endpoint, EventType, Topic
from orchestrator.runtime.models import OutboxEvent

pytestmark = pytest.mark.django_db
LISTS = [f"admin:choreography_{name}_changelist" for name in ("topic", "subscription", "delivery")]


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
    assert of("view_topic", "view_subscription", "view_delivery").get(reverse(page)).status_code == 200
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
