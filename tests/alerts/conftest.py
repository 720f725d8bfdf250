"""A real SMTP server on loopback, and settings with short names."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django.fixtures import Settings


@dataclass
class Sink:
    """What the server got, complete or refused; `replies` are its next answers after DATA, then `250`."""

    port: int
    accepted: list[EmailMessage] = field(default_factory=list)
    refused: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    before_reply: Callable[[], None] = lambda: None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        reply = self.replies.pop(0) if self.replies else "250 OK"
        self.before_reply()
        if reply.startswith("250"):
            self.accepted.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
        else:
            self.refused.append(message)
        return reply


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def sink(settings: Settings) -> Sink:
    """A server that is not up yet; `smtp` is the same one running."""
    port = free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    return Sink(port)


@pytest.fixture
def start(sink: Sink) -> Iterator[Callable[[], None]]:
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    yield controller.start
    controller.stop(no_assert=True)


@pytest.fixture
def smtp(sink: Sink, start: Callable[[], None]) -> Sink:
    start()
    return sink


@pytest.fixture(autouse=True)
def alert_settings(settings: Settings, tmp_path: Path) -> Settings:
    settings.BASE_URL = "https://signalbox.example.org"
    settings.DEFAULT_FROM_EMAIL = "signalbox@example.org"
    settings.ALERT_GATHER = 5
    settings.ALERT_REPEAT = 3600
    settings.ALERT_DEFAULT_RECIPIENTS = []
    settings.MAILBOX_DIR = tmp_path / "mail"
    return settings
