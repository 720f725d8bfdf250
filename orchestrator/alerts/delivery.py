"""Send pending alerts: claim one, send it outside of any transaction, then record what became of it.

A crash between sending and recording sends again after the lease, under the same Message-ID: never lost.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.db import transaction

from orchestrator.alerts import store
from orchestrator.alerts.channels import CHANNELS
from orchestrator.alerts.channels.base import TransportError
from orchestrator.alerts.models import Alert
from orchestrator.alerts.recipients import NOBODY, recipients_of
from orchestrator.alerts.report import report_of

log = logging.getLogger(__name__)

LEASE = 300.0  # seconds; far longer than one try with its time limits takes
FIRST_RETRY = 30.0
LONGEST_RETRY = 900.0
MOST_PER_SWEEP = 200
LONGEST_ERROR = 1000
QUEUED_AGAIN = "It failed before and was put back in the queue."
NOTHING_LEFT = "Nothing was left to tell when the message was made."
NOT_FAILED = "Only an alert that failed can be sent again."
ALL_OVER = "Its incidents are all over; there is nothing left to tell."


class ResendError(Exception):
    """The alert cannot be sent again; the message says why, in one sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many messages went out, will be tried again, and failed for good."""

    sent: int = 0
    retried: int = 0
    failed: int = 0


def deliver(seconds: float = 40.0) -> Delivered:
    """Send what is due, for about `seconds` at most; what is left waits for the next sweep."""
    stop = time.monotonic() + seconds
    outcomes: list[str] = []
    while len(outcomes) < MOST_PER_SWEEP and time.monotonic() < stop:
        claimed = store.claim(LEASE)
        if claimed is None:
            break
        outcomes.append(_deliver_one(Alert.objects.select_related("machine", "version", "first").get(pk=claimed)))
    return Delivered(outcomes.count("sent"), outcomes.count("retried"), outcomes.count("failed"))


def resend(alert_id: int) -> list[str]:
    """Put a failed alert back in the queue, for those whom the machine names now; says who. Raises ResendError."""
    with transaction.atomic():
        alert = (
            Alert.objects.select_for_update(of=("self",))
            .select_related("machine__owner")
            .filter(pk=alert_id, status="failed")
            .first()
        )
        if alert is None:
            raise ResendError(NOT_FAILED)
        root = Alert.objects.select_for_update().get(pk=alert.root_id)  # so that its group is not closed meanwhile
        if alert.phase == "opened" and root.closed_at:
            raise ResendError(ALL_OVER)
        recipients = recipients_of(alert.machine)
        if not recipients:
            raise ResendError(NOBODY)
        alert.recipients, alert.status, alert.last_error = recipients, "pending", QUEUED_AGAIN
        alert.next_attempt = store.now()
        alert.save(update_fields=["recipients", "status", "last_error", "next_attempt"])
        return recipients


def retry_delay(attempts: int) -> float:
    """Seconds until the next try: 30 s, doubled each time, at most 15 min."""
    return min(FIRST_RETRY * 2.0 ** min(attempts - 1, 10), LONGEST_RETRY)


def _deliver_one(alert: Alert) -> str:
    try:
        report = report_of(alert)
        if alert.phase == "opened" and not report.incidents:
            raise TransportError(NOTHING_LEFT, permanent=False)
        sent = CHANNELS[alert.channel](alert, report)
    except TransportError as error:
        return _unsent(alert, str(error), permanent=error.permanent)
    except Exception as error:  # one alert that cannot be made must not hold back the others
        log.exception("alert %s could not be made", alert.pk)
        return _unsent(alert, f"The message could not be made: {type(error).__name__}: {error}", permanent=False)
    with transaction.atomic():
        outcome = {"subject": sent.subject, "error": sent.trouble[:LONGEST_ERROR]}
        if not store.record_sent(alert.pk, alert.attempts, alert.root_id, list(report.incidents), **outcome):
            log.warning("alert %s was sent after its lease had ended", alert.pk)
    return "sent"


def _unsent(alert: Alert, error: str, *, permanent: bool) -> str:
    log.warning("alert %s was not sent: %s", alert.pk, error)
    delay = None if permanent else retry_delay(alert.attempts)
    store.record_unsent(alert.pk, alert.attempts, error[:LONGEST_ERROR], delay=delay)
    return "failed" if permanent else "retried"
