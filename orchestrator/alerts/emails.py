"""The one builder of alert emails: three templates (subject, text, html) for each phase, the diagram inline."""

from __future__ import annotations

import logging
from email.mime.image import MIMEImage

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from orchestrator.alerts.models import Alert
from orchestrator.alerts.report import Report, plain
from orchestrator.alerts.wording import kind_of, words_of
from orchestrator.diagrams.errors import DiagramError
from orchestrator.diagrams.overlay import Overlay
from orchestrator.diagrams.png import render_png

log = logging.getLogger(__name__)

LONGEST_SUBJECT = 200
DIAGRAM_ID = "diagram@signalbox"
DIAGRAM_WIDTH = 1072  # twice the width it is shown at, for sharp screens


class InlinedMessage(EmailMultiAlternatives):
    """Text and html with the pictures that the html shows."""

    mixed_subtype = "related"


def build(alert: Alert, report: Report) -> EmailMultiAlternatives:
    """The message for an alert; the same alert always gets the same Message-ID."""
    diagram = _diagram(alert, report) if alert.phase == "opened" else None
    context = {
        "alert": alert,
        "report": report,
        **words_of(alert, report),
        "diagram": f"cid:{DIAGRAM_ID}" if diagram else "",
    }
    folder = f"alerts/{alert.phase}"
    message = (InlinedMessage if diagram else EmailMultiAlternatives)(
        subject=plain(render_to_string(f"{folder}/subject.txt", context), LONGEST_SUBJECT),
        body=render_to_string(f"{folder}/body.txt", context),
        to=alert.recipients,
        headers=_headers(alert, report),
    )
    message.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
    if diagram:
        message.attach(_inline(diagram))
    return message


def _headers(alert: Alert, report: Report) -> dict[str, str]:
    headers = {"Message-ID": alert.message_id, "Auto-Submitted": "auto-generated"}
    if report.earlier:
        headers |= {"In-Reply-To": report.earlier[0], "References": " ".join(report.earlier)}
    return headers


def _diagram(alert: Alert, report: Report) -> bytes | None:
    if alert.state not in report.chart.states or report.oldest is None:
        return None
    kind = kind_of(alert.kind)
    badge = report.oldest.waited if alert.kind == "overdue" else kind.badge.lower()
    overlay = Overlay(classes={alert.state: kind.overlay}, badges={alert.state: ((kind.mark, badge),)})
    try:
        return render_png(report.chart, overlay, DIAGRAM_WIDTH)
    except DiagramError:  # a chart too big to draw must not hold the message back
        log.warning("the diagram of alert %s could not be drawn", alert.pk, exc_info=True)
        return None


def _inline(png: bytes) -> MIMEImage:
    image = MIMEImage(png, "png")
    image.add_header("Content-ID", f"<{DIAGRAM_ID}>")
    image.add_header("Content-Disposition", "inline", filename="diagram.png")
    return image
