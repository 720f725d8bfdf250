"""Mail that is kept in files and read back."""

from __future__ import annotations

from email.mime.image import MIMEImage
from pathlib import Path

import pytest
from django.core.mail import get_connection
from pytest_django.fixtures import Settings

from orchestrator.alerts.emails import InlinedMessage
from orchestrator.alerts.mailbox import MessageNotFoundError, count_messages, list_messages, read_message

PIXEL = b"\x89PNG\r\n\x1a\n0000"


def send(subject: str, *, html: str = "") -> None:
    message = InlinedMessage(subject, "Grüße aus dem Lager", "a@example.org", ["b@example.org"])
    if html:
        message.attach_alternative(html, "text/html")
        image = MIMEImage(PIXEL, "png")
        image.add_header("Content-ID", "<diagram@signalbox>")
        message.attach(image)
    assert get_connection("orchestrator.alerts.mailbox.EmailBackend").send_messages([message]) == 1


def test_a_message_comes_back_whole() -> None:
    send("Zwölf Aufträge", html='<p>Hallo</p><img src="cid:diagram@signalbox">')
    [summary] = list_messages()
    message = read_message(summary.id)
    assert (message.subject, message.to, message.text.strip()) == (
        "Zwölf Aufträge",
        "b@example.org",
        "Grüße aus dem Lager",
    )
    assert message.html.strip() == '<p>Hallo</p><img src="data:image/png;base64,iVBORw0KGgowMDAw">'
    assert message.headers["From"] == "a@example.org"


def test_the_newest_message_comes_first_and_pages_follow_each_other() -> None:
    for number in range(5):
        send(f"Message {number}")
    assert [summary.subject for summary in list_messages(limit=2)] == ["Message 4", "Message 3"]
    assert [summary.subject for summary in list_messages(limit=2, offset=4)] == ["Message 0"]
    assert count_messages() == 5


def test_an_empty_mailbox_is_an_empty_list() -> None:
    assert list_messages() == []


@pytest.mark.parametrize("identity", ["", "..", "../../etc/passwd", "20260101T000000000000-deadbeef", "a\x00b", "*"])
def test_an_unknown_or_malformed_id_is_refused(identity: str) -> None:
    with pytest.raises(MessageNotFoundError):
        read_message(identity)


def test_a_half_written_or_foreign_file_is_never_listed(settings: Settings) -> None:
    send("Whole")
    folder = Path(settings.MAILBOX_DIR)
    (folder / ".20260101T000000000000-deadbeef.part").write_bytes(b"Subject: half")
    (folder / "notes.eml").write_bytes(b"Subject: foreign")
    assert [summary.subject for summary in list_messages()] == ["Whole"]


def test_the_mailbox_is_closed_to_other_users(settings: Settings) -> None:
    send("Private")
    assert Path(settings.MAILBOX_DIR).stat().st_mode & 0o077 == 0
