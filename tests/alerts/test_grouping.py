"""Which incidents become one alert, and when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from orchestrator.alerts.grouping import collect
from orchestrator.alerts.models import Alert, AlertIncident
from orchestrator.definitions.models import Machine
from tests.alerts.cast import make_machine, open_incidents, resolve

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine() -> Machine:
    return make_machine()


def mark_sent(alert: Alert, ago: float = 0.0) -> None:
    Alert.objects.filter(pk=alert.pk).update(status="sent", sent_at=timezone.now() - timedelta(seconds=ago))
    AlertIncident.objects.filter(alert=alert.root_id).update(mailed_at=timezone.now() - timedelta(seconds=ago))


def test_incidents_of_one_state_and_kind_become_one_alert(machine: Machine) -> None:
    open_incidents(machine, 12)
    assert collect().opened == 1
    alert = Alert.objects.get()
    assert (alert.status, alert.recipients, alert.links.count()) == ("pending", ["night@example.org"], 12)


def test_each_state_and_each_kind_has_its_own_alert(machine: Machine) -> None:
    open_incidents(machine, 2)
    open_incidents(machine, 2, state="reserving", first=20000)
    open_incidents(machine, 2, kind="activity-failed", first=30000)
    assert collect().opened == 3
    assert AlertIncident.objects.count() == 6


def test_fresh_incidents_are_gathered_before_the_alert_is_made(machine: Machine) -> None:
    open_incidents(machine, 1, age=0)
    assert collect().opened == 0


def test_a_steady_trickle_does_not_hold_the_alert_back_for_ever(machine: Machine) -> None:
    open_incidents(machine, 1, age=31)
    open_incidents(machine, 1, age=0, first=20000)
    assert collect().opened == 1
    assert AlertIncident.objects.count() == 2


def test_a_second_collection_adds_nothing(machine: Machine) -> None:
    open_incidents(machine, 3)
    collect()
    assert (collect().opened, collect().attached) == (0, 0)


def test_further_incidents_join_the_open_alert_without_another_message(machine: Machine) -> None:
    open_incidents(machine, 3)
    collect()
    mark_sent(Alert.objects.get(), ago=60)
    open_incidents(machine, 2, age=0, first=20000)
    collected = collect()
    assert (collected.opened, collected.attached, collected.repeated) == (0, 2, 0)


def test_after_the_repeat_time_further_incidents_get_one_more_message(machine: Machine) -> None:
    open_incidents(machine, 3)
    collect()
    mark_sent(Alert.objects.get(), ago=3700)
    open_incidents(machine, 2, age=0, first=20000)
    assert collect().repeated == 1
    assert collect().repeated == 0
    first, repeat = Alert.objects.order_by("pk")
    assert (repeat.first, repeat.status, repeat.root_id) == (first, "pending", first.pk)


def test_after_the_repeat_time_nothing_is_sent_when_nothing_joined(machine: Machine) -> None:
    open_incidents(machine, 3)
    collect()
    mark_sent(Alert.objects.get(), ago=3700)
    assert collect().repeated == 0


def test_the_end_of_all_incidents_makes_one_recovery(machine: Machine) -> None:
    incidents = open_incidents(machine, 3)
    collect()
    mark_sent(Alert.objects.get())
    resolve(incidents[:2])
    assert collect().recovered == 0
    resolve(incidents[2:])
    assert collect().recovered == 1
    assert collect().recovered == 0
    recovery = Alert.objects.get(phase="recovered")
    assert (recovery.recipients, recovery.first) == (["night@example.org"], Alert.objects.get(phase="opened"))


def test_a_recovery_goes_to_those_who_got_the_alert(machine: Machine) -> None:
    incidents = open_incidents(machine, 1)
    collect()
    mark_sent(Alert.objects.get())
    machine.alert_recipients = ["day@example.org"]
    machine.save()
    resolve(incidents)
    collect()
    assert Alert.objects.get(phase="recovered").recipients == ["night@example.org"]


def test_what_is_resolved_before_it_is_grouped_makes_no_alert(machine: Machine) -> None:
    resolve(open_incidents(machine, 2))
    collect()
    assert not Alert.objects.exists()


def test_what_is_resolved_before_it_is_mailed_is_withdrawn(machine: Machine) -> None:
    incidents = open_incidents(machine, 2)
    collect()
    resolve(incidents)
    assert collect().recovered == 0
    assert Alert.objects.get().status == "withdrawn"


def test_an_alert_that_is_being_sent_is_not_closed_under_it(machine: Machine) -> None:
    incidents = open_incidents(machine, 1)
    collect()
    Alert.objects.update(attempts=1, lease_until=timezone.now() + timedelta(seconds=60))
    resolve(incidents)
    collect()
    assert Alert.objects.get().status == "pending"


def test_a_try_that_was_cut_off_may_have_arrived_so_its_end_is_told(machine: Machine) -> None:
    incidents = open_incidents(machine, 1)
    collect()
    Alert.objects.update(attempts=1, lease_until=timezone.now() - timedelta(seconds=1))
    resolve(incidents)
    assert collect().recovered == 1


def test_a_new_incident_after_the_recovery_is_a_new_alert(machine: Machine) -> None:
    incidents = open_incidents(machine, 1)
    collect()
    mark_sent(Alert.objects.get())
    resolve(incidents)
    open_incidents(machine, 1, first=20000)
    collected = collect()
    assert (collected.recovered, collected.opened) == (1, 1)


def test_an_alert_for_nobody_is_kept_as_failed_with_the_mend(machine: Machine) -> None:
    machine.alert_recipients = []
    machine.save()
    machine.owner.email = ""
    machine.owner.save()
    open_incidents(machine, 1)
    collect()
    alert = Alert.objects.get()
    assert (alert.status, alert.recipients) == ("failed", [])
    assert "Add a recipient" in alert.last_error


def test_without_own_recipients_the_owner_is_told(machine: Machine) -> None:
    machine.alert_recipients = ["not an address", "ops@example.org\nBcc: evil@example.org"]
    machine.save()
    open_incidents(machine, 1)
    collect()
    assert Alert.objects.get().recipients == ["olga@example.org"]


def test_without_an_owner_address_the_default_recipients_are_told(machine: Machine, settings: Settings) -> None:
    settings.ALERT_DEFAULT_RECIPIENTS = ["duty@example.org"]
    machine.alert_recipients = []
    machine.save()
    machine.owner.email = ""
    machine.owner.save()
    open_incidents(machine, 1)
    collect()
    assert Alert.objects.get().recipients == ["duty@example.org"]


def test_the_database_refuses_an_incident_in_two_alerts(machine: Machine) -> None:
    [incident] = open_incidents(machine, 1)
    collect()
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertIncident.objects.create(alert=Alert.objects.get(), incident=incident)


def test_message_ids_are_unique_and_name_the_site(machine: Machine) -> None:
    open_incidents(machine, 1)
    open_incidents(machine, 1, state="reserving", first=20000)
    collect()
    ids = set(Alert.objects.values_list("message_id", flat=True))
    assert len(ids) == 2
    assert all(identity.endswith("@signalbox.example.org>") for identity in ids)
