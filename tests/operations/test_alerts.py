"""Sending a failed alert again: from its page in the administration, after a dialog that says to whom."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from orchestrator.alerts.models import Alert
from orchestrator.definitions.models import Machine
from tests.operations.cast import failed_alert, person, signed_in


def again(alert: Alert) -> str:
    return reverse("admin:operations_send_again", args=[alert.pk])


def page_of(alert: Alert) -> str:
    return reverse("admin:alerts_alert_change", args=[alert.pk])


def test_a_failed_alert_is_sent_again_to_whom_the_machine_names_now(client: Client, machine: Machine) -> None:
    alert = failed_alert(machine)
    Machine.objects.filter(pk=machine.pk).update(alert_recipients=["day@example.org"])
    assert f'href="{again(alert)}"' in client.get(page_of(alert)).content.decode()
    assert "day@example.org" in client.get(again(alert)).content.decode()
    assert Alert.objects.get().status == "failed"
    answer = client.post(again(alert), follow=True)
    assert answer.redirect_chain[0][0] == page_of(alert)
    assert "The alert is being sent again to day@example.org." in answer.content.decode()
    assert "Send again" not in answer.content.decode()
    alert.refresh_from_db()
    assert (alert.status, alert.recipients) == ("pending", ["day@example.org"])


def test_an_alert_with_nobody_to_tell_is_not_sent_and_says_the_mend(client: Client, machine: Machine) -> None:
    alert = failed_alert(machine)
    assert "Add a recipient to the machine" in client.get(again(alert)).content.decode()
    answer = client.post(again(alert))
    assert answer.status_code == 422
    assert "Add a recipient to the machine" in answer.content.decode()
    assert Alert.objects.get().status == "failed"


def test_an_alert_that_was_sent_has_no_button_and_is_refused(client: Client, machine: Machine) -> None:
    alert = failed_alert(machine)
    Alert.objects.update(status="sent")
    assert "Send again" not in client.get(page_of(alert)).content.decode()
    answer = client.post(again(alert))
    assert answer.status_code == 422
    assert "Only an alert that failed can be sent again." in answer.content.decode()


def test_htmx_gets_the_dialog_alone_and_is_led_back_to_the_alert(client: Client, machine: Machine) -> None:
    alert = failed_alert(machine)
    Machine.objects.filter(pk=machine.pk).update(alert_recipients=["day@example.org"])
    headers = {"HX-Request": "true"}
    assert client.get(again(alert), headers=headers).content.decode().lstrip().startswith("<dialog")
    assert client.post(again(alert), headers=headers).headers["HX-Redirect"] == page_of(alert)


def test_who_may_only_look_at_a_machine_sees_no_button(machine: Machine) -> None:
    alert = failed_alert(machine)
    watcher = person("watcher", staff=True, permissions=("view_machine",))
    watcher.user_permissions.add(Permission.objects.get(codename="view_alert"))
    page = signed_in(watcher).get(page_of(alert))
    assert page.status_code == 200
    assert "Send again" not in page.content.decode()
