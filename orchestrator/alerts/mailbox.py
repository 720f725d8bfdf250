"""The embedded default's mail: each message becomes one .eml file, and the admin shows them."""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

ID = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")  # sorts by time of writing
MOST_LISTED = 200
SHOWN_HEADERS = ("Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References")


class MessageNotFoundError(LookupError):
    """No message has this id."""


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One line of the list of mails."""

    id: str
    subject: str
    to: str
    date: datetime


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A whole mail. `html` has its pictures as data: URIs; it is foreign text: show it in a sandboxed frame only."""

    id: str
    subject: str
    to: str
    date: datetime
    headers: dict[str, str]
    text: str
    html: str


class EmailBackend(BaseEmailBackend):
    """Django's mail backend that writes to `settings.MAILBOX_DIR` instead of sending."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message; returns how many. A full disk raises OSError, and the sender tries again."""
        for message in email_messages:
            _write(message.message().as_bytes())
        return len(email_messages)


def list_messages(limit: int = 50, offset: int = 0) -> list[MessageSummary]:
    """The newest messages first; at most 200 at once."""
    start = max(offset, 0)
    return [_summary(name) for name in _ids()[start : start + min(max(limit, 0), MOST_LISTED)]]


def count_messages() -> int:
    """How many messages there are."""
    return len(_ids())


def read_message(message_id: str) -> StoredMessage:
    """One message. Raises MessageNotFoundError for an unknown or malformed id."""
    if not ID.fullmatch(message_id):
        raise MessageNotFoundError(message_id)
    try:
        parsed = _parse(message_id)
    except FileNotFoundError as error:
        raise MessageNotFoundError(message_id) from error
    html = _body(parsed, "html")
    return StoredMessage(
        id=message_id,
        subject=str(parsed.get("Subject", "")),
        to=str(parsed.get("To", "")),
        date=_date(parsed, message_id),
        headers={name: str(parsed[name]) for name in SHOWN_HEADERS if name in parsed},
        text=_body(parsed, "plain"),
        html=_with_pictures(html, parsed) if html else "",
    )


def _folder() -> Path:
    return Path(settings.MAILBOX_DIR)


def _ids() -> list[str]:
    folder = _folder()
    names = (path.stem for path in folder.glob("*.eml")) if folder.is_dir() else ()
    return sorted((name for name in names if ID.fullmatch(name)), reverse=True)


def _write(content: bytes) -> None:
    """Complete or not at all: written beside under a hidden name, flushed to disk, then renamed."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
    temporary = folder / f".{name}.part"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(folder / f"{name}.eml")
    finally:
        temporary.unlink(missing_ok=True)


def _parse(message_id: str, *, headers_only: bool = False) -> ParsedMessage:
    with (_folder() / f"{message_id}.eml").open("rb") as file:
        return BytesParser(ParsedMessage, policy=policy.default).parse(file, headersonly=headers_only)


def _summary(message_id: str) -> MessageSummary:
    parsed = _parse(message_id, headers_only=True)
    subject, to = str(parsed.get("Subject", "")), str(parsed.get("To", ""))
    return MessageSummary(id=message_id, subject=subject, to=to, date=_date(parsed, message_id))


def _date(parsed: ParsedMessage, message_id: str) -> datetime:
    try:
        date = parsedate_to_datetime(str(parsed.get("Date", "")))
    except ValueError:
        date = datetime.strptime(message_id.split("-")[0], "%Y%m%dT%H%M%S%f")
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _body(parsed: ParsedMessage, subtype: str) -> str:
    part = parsed.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if part is not None else ""


def _with_pictures(html: str, parsed: ParsedMessage) -> str:
    """Replace each `cid:` address by the picture itself, since a browser cannot look into the message."""
    for part in parsed.walk():
        identity = str(part.get("Content-ID", "")).strip("<> ")
        if identity and part.get_content_maintype() == "image":
            picture = base64.b64encode(part.get_content()).decode()
            html = html.replace(f"cid:{escape(identity)}", f"data:{part.get_content_type()};base64,{picture}")
    return html
