"""What a message says, and what user text can not do to it."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.core.mail import EmailMultiAlternatives

from orchestrator.alerts.emails import build
from orchestrator.alerts.grouping import collect
from orchestrator.alerts.models import Alert, AlertIncident
from orchestrator.alerts.report import plain, report_of
from orchestrator.definitions.models import Machine, Version
from orchestrator.runtime.models import Incident, Instance
from tests.alerts.cast import DOCUMENT, make_instances, make_machine, open_incidents, resolve

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def machine() -> Machine:
    return make_machine()


def built() -> EmailMultiAlternatives:
    """The message of the newest alert."""
    collect()
    alert = Alert.objects.select_related("machine", "version", "first").latest("pk")
    return build(alert, report_of(alert))


def parsed(message: EmailMultiAlternatives) -> EmailMessage:
    return message_from_bytes(message.message().as_bytes(), _class=EmailMessage, policy=policy.default)


def html_of(message: EmailMultiAlternatives) -> str:
    return str(message.alternatives[0][0])


def mark_sent() -> None:
    Alert.objects.update(status="sent")


def test_the_text_says_what_is_stuck_where_and_since_when(machine: Machine) -> None:
    incidents = open_incidents(machine, 12)
    make_instances(machine, 4, first=50000)
    message = built()
    text = str(message.body)
    assert text.startswith("12 instances are stuck in Picking\n\n")
    assert "They wait for parcel.packed, expected within 4 h. The longest has waited 6 h 12 min." in text
    assert "No timer will end this wait." in text
    assert "Machine: Order fulfilment, version 1\n" in text
    assert f"Oldest: SO-10482, since {incidents[0].since:%-d %B %Y, %H:%M} UTC\n" in text
    assert "Not affected: 4 others in Picking\n" in text
    assert "and 2 more\n" in text
    place = "https://signalbox.example.org/admin/operations/machines/order-fulfilment/"
    assert f"See all 12: {place}instances/?state=picking&stuck=1\n" in text
    assert f'href="{place}?state=picking"' in html_of(message)
    assert f"https://signalbox.example.org/admin/operations/instances/{incidents[0].instance_id}/" in text


def test_one_instance_is_named_instead_of_counted(machine: Machine) -> None:
    open_incidents(machine, 1)
    message = built()
    assert message.subject == "[Signalbox] Order fulfilment: SO-10482 stuck in Picking, 6 h 12 min"
    assert "It waits for parcel.packed, expected within 4 h. It has waited 6 h 12 min." in str(message.body)


def test_a_timeout_that_ends_the_wait_is_not_denied(machine: Machine) -> None:
    open_incidents(machine, 1, state="backordered")
    assert "No timer" not in str(built().body)


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        ("activity-failed", "SO-10482 has a failed activity in Picking"),
        ("compensation-failed", "SO-10482 could not be undone in Picking"),
        ("poison", "SO-10482 has an event that cannot be applied in Picking"),
        ("loop", "SO-10482 was stopped in a loop in Picking"),
        ("a-later-kind", "SO-10482 needs attention in Picking"),
    ],
)
def test_each_kind_of_incident_has_its_words(machine: Machine, kind: str, heading: str) -> None:
    open_incidents(machine, 1, kind=kind, message="card declined")
    message = built()
    assert str(message.body).startswith(heading)
    assert "Reported: card declined" in str(message.body)
    assert heading in html_of(message)


def test_an_incident_without_a_state_still_makes_a_message(machine: Machine) -> None:
    open_incidents(machine, 1, kind="poison", state="")
    message = built()
    assert message.subject == "[Signalbox] Order fulfilment: SO-10482 with an event set aside"
    assert not message.attachments


def test_the_diagram_comes_inline_as_a_picture(machine: Machine) -> None:
    open_incidents(machine, 2)
    message = parsed(built())
    assert message.get_content_type() == "multipart/related"
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<diagram@signalbox>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(PNG)
    html = message.get_body(("html",))
    assert html is not None
    assert 'src="cid:diagram@signalbox"' in html.get_content()


def test_instances_of_several_versions_are_one_alert_that_names_them(machine: Machine) -> None:
    open_incidents(machine, 1)
    second = Version.objects.create(
        machine=machine, number=2, document=DOCUMENT, content_hash="1" * 64, published_by=machine.owner
    )
    [other] = open_incidents(machine, 1, first=20000)
    Incident.objects.filter(pk=other.pk).update(version=second)
    message = built()
    assert "versions 1 and 2" in str(message.body)
    assert "versions 1 and 2" in html_of(message)


def test_a_recovery_says_what_is_over_and_how_each_ended(machine: Machine) -> None:
    incidents = open_incidents(machine, 2)
    collect()
    mark_sent()
    resolve(incidents, "left the state")
    text = str(built().body)
    assert text.startswith("2 instances are no longer stuck in Picking")
    assert "- SO-10482: left the state\n" in text
    assert "Lasted: 1 min" in text


HOSTILE = "Orders\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>{{ settings.SECRET_KEY }}{% load x %}\u202e"


def test_user_text_reaches_no_header_no_markup_and_no_template() -> None:
    document = {**DOCUMENT, "states": {**DOCUMENT["states"], "picking": {"title": HOSTILE}}}
    machine = make_machine("hostile", title="Orders\r\nBcc: evil@example.org", document=document)
    [incident] = open_incidents(machine, 1, message="<img src=x onerror=alert(1)>\r\nBcc: evil@example.org")
    Instance.objects.filter(pk=incident.instance_id).update(key="SO\r\nX-Evil: 1\r\n<b>")
    message = built()
    mail = parsed(message)
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert mail["To"] == "night@example.org"
    assert mail["Subject"].startswith("[Signalbox] Orders Bcc: evil@example.org: SO X-Evil: 1 <b> stuck in Orders Bcc:")
    html = html_of(message)
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html
    assert "{{ settings.SECRET_KEY }}" in html
    assert "\u202e" not in html
    assert "\nBcc:" not in str(message.body)


def test_plain_text_is_one_bounded_line() -> None:
    assert plain("a\r\n b\u2028c\x00d\u202ee\ud800f") == "a b c d e f"
    assert len(plain("x" * 10_000)) == 300


def test_links_escape_the_state(machine: Machine) -> None:
    open_incidents(machine, 1, state="picking&all=1")
    assert "?state=picking%26all%3D1" in str(built().body)


def test_a_message_of_many_instances_stays_small(machine: Machine) -> None:
    open_incidents(machine, 1000, message="m" * 5000)
    message = built()
    assert "and 990 more" in str(message.body)
    assert len(str(message.body)) < 4000
    assert AlertIncident.objects.count() == 1000
