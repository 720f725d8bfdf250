"""Alerts by email, through whatever mail backend the settings name."""

from __future__ import annotations

import re
import smtplib

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from orchestrator.alerts.channels.base import Sent, TransportError
from orchestrator.alerts.emails import build
from orchestrator.alerts.models import Alert
from orchestrator.alerts.report import Report

Refusals = dict[str, tuple[int, bytes]]

TIMEOUT = 20  # seconds for each step of the talk with the mail server
MOST_NAMED = 5


def send_email(alert: Alert, report: Report) -> Sent:
    """Send one message to all recipients of the alert. Raises TransportError when none of them gets it."""
    message = build(alert, report)
    try:
        refusals = _send(message)
        return Sent(str(message.subject), _refused(refusals) if refusals else "")
    except smtplib.SMTPRecipientsRefused as error:
        permanent = all(code >= 500 for code, _ in error.recipients.values())
        raise TransportError(_refused(error.recipients), permanent=permanent) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        text = f"The mail server refused the message: {error.smtp_code} {_words(error.smtp_error)}"
        raise TransportError(text, permanent=error.smtp_code >= 500) from error
    except (smtplib.SMTPException, OSError) as error:  # down, busy, or misconfigured: a person can mend all of these
        text = f"The mail server could not be used: {type(error).__name__}: {error}"
        raise TransportError(text, permanent=False) from error


def _send(message: EmailMultiAlternatives) -> Refusals:
    """Who was refused while others were not: Django's own SMTP backend drops that answer, so it is asked for here."""
    connection = get_connection(timeout=TIMEOUT)
    if not isinstance(connection, EmailBackend):
        connection.send_messages([message])
        return {}
    connection.open()
    server: smtplib.SMTP | None = connection.connection
    if server is None:
        raise TransportError("The connection to the mail server could not be opened.", permanent=False)
    try:
        sender, *recipients = (sanitize_address(a, "utf-8") for a in (message.from_email, *message.recipients()))
        refusals: Refusals = server.sendmail(sender, recipients, _on_the_wire(message))
        return refusals
    finally:
        connection.close()


def _on_the_wire(message: EmailMultiAlternatives) -> bytes:
    """SMTP ends its lines with CR LF, while files do with LF."""
    return re.sub(rb"\r?\n", b"\r\n", message.message().as_bytes())


def _refused(refusals: Refusals) -> str:
    named = [f"{address} ({code} {_words(text)})" for address, (code, text) in refusals.items()]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"The mail server refused the recipients: {', '.join(named[:MOST_NAMED])}{more}"


def _words(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
