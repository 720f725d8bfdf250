"""Alerts through a real mail server: each told once, none lost."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from orchestrator.alerts.channels import CHANNELS
from orchestrator.alerts.channels.base import Sent
from orchestrator.alerts.delivery import ALL_OVER, NOT_FAILED, ResendError, deliver, resend, retry_delay
from orchestrator.alerts.grouping import collect
from orchestrator.alerts.mailbox import list_messages
from orchestrator.alerts.models import Alert, AlertIncident
from orchestrator.alerts.report import Report
from orchestrator.alerts.sweeping import sweep
from orchestrator.definitions.models import Machine
from tests.alerts.cast import make_machine, open_incidents, resolve
from tests.alerts.conftest import Sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def machine() -> Machine:
    return make_machine()


def make_due() -> None:
    Alert.objects.filter(status="pending").update(next_attempt=timezone.now(), lease_until=None)


def test_four_hundred_incidents_that_open_together_are_one_mail(machine: Machine, smtp: Sink) -> None:
    open_incidents(machine, 400)
    sweep()
    sweep()
    [mail] = smtp.accepted
    assert mail["Subject"] == "[Signalbox] Order fulfilment: 400 instances stuck in Picking, longest 6 h 12 min"
    assert smtp.recipients == [["night@example.org"]]
    assert AlertIncident.objects.exclude(mailed_at=None).count() == 400


def test_two_sweeps_at_once_send_one_mail(machine: Machine, smtp: Sink) -> None:
    open_incidents(machine, 5)

    def one(_: int) -> None:
        try:
            sweep()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(8)))
    sweep()
    assert len(smtp.accepted) == 1
    assert Alert.objects.get().status == "sent"


def test_a_refusal_after_data_is_tried_again_under_the_same_message_id(machine: Machine, smtp: Sink) -> None:
    smtp.replies = ["451 Try again later", "451 Still busy"]
    open_incidents(machine, 1)
    sweep()
    alert = Alert.objects.get()
    assert (alert.status, alert.attempts, smtp.accepted) == ("pending", 1, [])
    assert "451 Try again later" in alert.last_error
    assert alert.next_attempt > timezone.now() + timedelta(seconds=20)
    sweep()
    assert len(smtp.refused) == 1, "the wait before the next try was not kept"
    make_due()
    sweep()
    make_due()
    sweep()
    [mail] = smtp.accepted
    assert [mail["Message-ID"]] * 2 == [refused["Message-ID"] for refused in smtp.refused]
    alert.refresh_from_db()
    assert (alert.status, alert.attempts, alert.last_error, mail["Message-ID"]) == ("sent", 3, "", alert.message_id)


def test_a_server_that_is_down_loses_nothing(machine: Machine, sink: Sink, start: Callable[[], None]) -> None:
    open_incidents(machine, 1)
    open_incidents(machine, 1, state="reserving", first=20000)
    assert sweep()[1].retried == 2
    assert "could not be used" in Alert.objects.order_by("pk")[0].last_error
    start()
    make_due()
    assert sweep()[1].sent == 2
    assert len(sink.accepted) == 2


def test_a_permanent_refusal_is_recorded_and_can_be_sent_again_by_a_person(machine: Machine, smtp: Sink) -> None:
    smtp.refuse = {"night@example.org": "550 No such user"}
    open_incidents(machine, 1)
    sweep()
    alert = Alert.objects.get()
    assert (alert.status, smtp.accepted) == ("failed", [])
    assert "night@example.org (550 No such user)" in alert.last_error
    smtp.refuse = {}
    machine.alert_recipients = ["day@example.org"]
    machine.save()
    assert resend(alert.pk) == ["day@example.org"]
    sweep()
    assert smtp.recipients == [["day@example.org"]]
    with pytest.raises(ResendError, match=NOT_FAILED):
        resend(alert.pk)


def test_an_alert_is_not_sent_again_when_its_incidents_are_over(machine: Machine, smtp: Sink) -> None:
    smtp.replies = ["554 Refused"]
    incidents = open_incidents(machine, 1)
    sweep()
    resolve(incidents)
    sweep()
    with pytest.raises(ResendError, match=ALL_OVER):
        resend(Alert.objects.get().pk)
    assert Alert.objects.get().status == "failed"


def test_one_refused_recipient_of_two_is_shown_while_the_other_is_told(machine: Machine, smtp: Sink) -> None:
    machine.alert_recipients = ["night@example.org", "gone@example.org"]
    machine.save()
    smtp.refuse = {"gone@example.org": "550 No such user"}
    open_incidents(machine, 1)
    sweep()
    alert = Alert.objects.get()
    assert (alert.status, smtp.recipients) == ("sent", [["night@example.org"]])
    assert "gone@example.org (550 No such user)" in alert.last_error


def test_a_recipient_who_is_busy_is_tried_again(machine: Machine, smtp: Sink) -> None:
    smtp.refuse = {"night@example.org": "450 Greylisted"}
    open_incidents(machine, 1)
    assert sweep()[1].retried == 1


def test_a_group_whose_alert_failed_is_tried_again_after_the_repeat_time(machine: Machine, smtp: Sink) -> None:
    smtp.replies = ["554 Refused"]
    open_incidents(machine, 1)
    sweep()
    sweep()
    assert smtp.accepted == []
    Alert.objects.update(next_attempt=timezone.now() - timedelta(seconds=3700))
    sweep()
    assert len(smtp.accepted) == 1


def test_the_recovery_is_mailed_once_and_answers_the_first_mail(machine: Machine, smtp: Sink) -> None:
    incidents = open_incidents(machine, 3)
    sweep()
    resolve(incidents)
    sweep()
    sweep()
    opened, recovered = smtp.accepted
    assert recovered["Subject"] == "[Signalbox] Order fulfilment: 3 instances no longer stuck in Picking"
    assert recovered["In-Reply-To"] == recovered["References"] == opened["Message-ID"]
    assert recovered["Message-ID"] != opened["Message-ID"]
    assert recovered["To"] == opened["To"]


def test_what_is_resolved_before_mailing_sends_nothing(machine: Machine, sink: Sink, start: Callable[[], None]) -> None:
    incidents = open_incidents(machine, 2)
    sweep()
    resolve(incidents)
    start()
    make_due()
    sweep()
    assert sink.accepted == []
    assert Alert.objects.get().status == "withdrawn"


def test_incidents_that_join_later_are_mailed_after_the_repeat_time(machine: Machine, smtp: Sink) -> None:
    open_incidents(machine, 3)
    sweep()
    open_incidents(machine, 2, first=20000)
    sweep()
    assert len(smtp.accepted) == 1
    Alert.objects.update(sent_at=timezone.now() - timedelta(seconds=3700))
    sweep()
    sweep()
    first, repeat = smtp.accepted
    assert repeat["In-Reply-To"] == first["Message-ID"]
    assert "2 of 5 joined since the last message." in str(repeat.get_body(("plain",)))


def test_one_recovery_ends_a_group_that_was_mailed_twice(machine: Machine, smtp: Sink) -> None:
    incidents = open_incidents(machine, 1)
    sweep()
    incidents += open_incidents(machine, 1, first=20000)
    Alert.objects.update(sent_at=timezone.now() - timedelta(seconds=3700))
    sweep()
    resolve(incidents[:1])
    sweep()
    assert len(smtp.accepted) == 2
    resolve(incidents)
    sweep()
    sweep()
    first, repeat, recovery = smtp.accepted
    assert recovery["References"] == f"{first['Message-ID']} {repeat['Message-ID']}"


def test_a_crash_between_sending_and_recording_sends_again_under_the_same_id(
    machine: Machine, smtp: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_email = CHANNELS["email"]

    def send_and_die(alert: Alert, report: Report) -> Sent:
        send_email(alert, report)
        raise KeyboardInterrupt

    open_incidents(machine, 1)
    with monkeypatch.context() as patch:
        patch.setitem(CHANNELS, "email", send_and_die)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    sweep()
    assert len(smtp.accepted) == 1, "the lease of the dead sender was not respected"
    make_due()
    sweep()
    first, second = smtp.accepted
    assert first["Message-ID"] == second["Message-ID"]
    assert Alert.objects.get().status == "sent"


def test_a_sender_whose_lease_was_taken_over_does_not_overwrite_the_outcome(machine: Machine, smtp: Sink) -> None:
    smtp.replies = ["451 Busy"]
    smtp.before_reply = _take_over
    open_incidents(machine, 1)
    sweep()
    alert = Alert.objects.get()
    assert (alert.attempts, alert.last_error) == (2, "")


def _take_over() -> None:
    """What another sweep does after the lease has ended; runs in the server's thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_claim_again).result()


def _claim_again() -> None:
    try:
        Alert.objects.update(attempts=2)
    finally:
        connections.close_all()


def test_no_transaction_is_open_while_the_mail_server_answers(machine: Machine, smtp: Sink) -> None:
    seen: list[bool] = []
    smtp.before_reply = lambda: seen.append(not _rows_are_locked())
    open_incidents(machine, 1)
    sweep()
    assert seen == [True]


def _rows_are_locked() -> bool:
    """Whether another connection would have to wait for an alert."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_free_alerts).result() == 0


def _free_alerts() -> int:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT id FROM alerts_alert FOR UPDATE SKIP LOCKED")
            return len(cursor.fetchall())
    finally:
        connections.close_all()


def test_one_alert_that_cannot_be_made_does_not_hold_back_the_others(machine: Machine, smtp: Sink) -> None:
    open_incidents(machine, 1)
    open_incidents(machine, 1, state="reserving", first=20000)
    collect()
    Alert.objects.filter(state="picking").update(channel="pigeon")
    assert sweep()[1].sent == 1
    assert "could not be made" in Alert.objects.get(state="picking").last_error


def test_a_silent_server_does_not_hold_the_sweep_for_ever(
    machine: Machine, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.alerts.channels.email.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", sink.port)):
        open_incidents(machine, 1)
        assert sweep()[1].retried == 1


def test_the_embedded_default_writes_the_mail_to_a_file(machine: Machine, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "orchestrator.alerts.mailbox.EmailBackend"
    open_incidents(machine, 1)
    sweep()
    [summary] = list_messages()
    assert summary.subject == "[Signalbox] Order fulfilment: SO-10482 stuck in Picking, 6 h 12 min"


def test_the_wait_between_tries_doubles_up_to_a_quarter_of_an_hour() -> None:
    assert [retry_delay(attempt) for attempt in (1, 2, 3, 100)] == [30, 60, 120, 900]


def test_nothing_due_means_nothing_done(smtp: Sink) -> None:
    assert deliver().sent == 0
