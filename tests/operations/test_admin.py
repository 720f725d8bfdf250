from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine, Version
from orchestrator.operations.site import admin_site
from orchestrator.runtime.models_archive import RetentionPolicy
from tests.operations.cast import DOCUMENT

TABLES = sorted(model._meta.label_lower for model in admin_site._registry)


def change_page(machine: Machine) -> str:
    return reverse("admin:definitions_machine_change", args=[machine.pk])


def save(client: Client, machine: Machine, **values: str) -> HttpResponse:
    """Post the admin's form of a machine."""
    policies = {"retention-TOTAL_FORMS": "1", "retention-INITIAL_FORMS": "0", "retention-0-machine": str(machine.pk)}
    whole = {"owner": str(machine.owner_id), "key_policy": "existing", **policies, **values}
    answer: HttpResponse = client.post(change_page(machine), whole)  # type: ignore[assignment]
    return answer


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
    assert save(client, machine, title="Post", alert_recipients="a@example.org, b@example.org").status_code == 302
    machine.refresh_from_db()
    assert machine.alert_recipients == ["a@example.org", "b@example.org"]
    assert machine.title == "Parcel <b>post</b>"
    assert "a@example.org, b@example.org" in client.get(change_page(machine)).content.decode()


@pytest.mark.parametrize("typed", ["nobody", '["a@example.org"]', ", ".join(f"p{at}@example.org" for at in range(21))])
def test_wrong_recipients_are_refused_as_in_the_designer(client: Client, machine: Machine, typed: str) -> None:
    assert save(client, machine, alert_recipients=typed).status_code == 200
    machine.refresh_from_db()
    assert machine.alert_recipients == []


def test_saving_a_machine_leaves_a_draft_alone_that_is_edited_at_the_same_time(
    client: Client, machine: Machine
) -> None:
    """The edit comes after the admin has read the machine and before it writes it."""

    def edit(instance: Machine, **_: object) -> None:
        Machine.objects.filter(pk=instance.pk).update(draft={**DOCUMENT, "title": "Edited"}, draft_revision=7)

    pre_save.connect(edit, sender=Machine)
    try:
        save(client, machine, alert_recipients="a@example.org")
    finally:
        pre_save.disconnect(edit, sender=Machine)
    machine.refresh_from_db()
    assert (machine.draft["title"], machine.draft_revision) == ("Edited", 7)
    assert machine.alert_recipients == ["a@example.org"]


def test_an_account_can_be_made(client: Client) -> None:
    values = {
        "username": "nina",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
        "usable_password": "true",
    }
    assert client.post(reverse("admin:auth_user_add"), values).status_code == 302
    assert User.objects.filter(username="nina").exists()


def test_what_a_taken_key_means_is_chosen_on_the_page_of_a_machine(client: Client, machine: Machine) -> None:
    assert save(client, machine, key_policy="new").status_code == 302
    assert save(client, machine, key_policy="perhaps").status_code == 200
    machine.refresh_from_db()
    assert machine.key_policy == "new"


def test_how_long_data_are_kept_is_set_on_the_page_of_a_machine(client: Client, machine: Machine) -> None:
    assert save(client, machine, **{"retention-0-keep_instances": "30"}).status_code == 302
    policy = RetentionPolicy.objects.get(machine=machine)
    assert (policy.keep_instances, policy.keep_keys) == (30, None)
    assert save(client, machine, **{"retention-0-keep_keys": "-1"}).status_code == 200
