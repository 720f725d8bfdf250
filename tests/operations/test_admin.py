from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine, Version
from orchestrator.operations.site import admin_site

TABLES = sorted(model._meta.label_lower for model in admin_site._registry)


@pytest.mark.parametrize("label", TABLES)
def test_every_table_opens_in_our_shell(client: Client, machine: Machine, label: str) -> None:
    page = client.get(reverse(f"admin:{label.replace('.', '_')}_changelist")).content.decode()
    assert 'class="adminnav"' in page
    assert "css/signalbox.css" in page
    assert "css/django-admin.css" in page
    assert 'admin/css/base.css"' not in page


def test_the_tables_are_there() -> None:
    wanted = {"auth.user", "auth.group", "definitions.machine", "definitions.version", "alerts.alert", "api.apitoken"}
    assert wanted <= set(TABLES)


def test_a_version_can_be_read_but_never_changed(client: Client, machine: Machine) -> None:
    version = Version.objects.get()
    page = client.get(reverse("admin:definitions_version_change", args=[version.pk])).content.decode()
    assert "&quot;accepted&quot;" in page
    assert 'name="_save"' not in page
    assert client.post(reverse("admin:definitions_version_change", args=[version.pk]), {"number": 9}).status_code == 403
    assert client.get(reverse("admin:definitions_version_delete", args=[version.pk])).status_code == 403


def test_recipients_of_a_machine_can_be_changed(client: Client, machine: Machine) -> None:
    values = {
        "title": "Post",
        "description": "",
        "owner": str(machine.owner_id),
        "alert_recipients": '["a@example.org"]',
    }
    assert client.post(reverse("admin:definitions_machine_change", args=[machine.pk]), values).status_code == 302
    machine.refresh_from_db()
    assert (machine.title, machine.alert_recipients) == ("Post", ["a@example.org"])


def test_an_account_can_be_made(client: Client) -> None:
    values = {
        "username": "nina",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
        "usable_password": "true",
    }
    assert client.post(reverse("admin:auth_user_add"), values).status_code == 302
    assert User.objects.filter(username="nina").exists()
