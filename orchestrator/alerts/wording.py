"""The words of a message: short, plain and true, for a person who was just woken up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from orchestrator.alerts.models import Alert
from orchestrator.alerts.report import Report
from orchestrator.statechart.durations import humanise


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of incident is spoken of: `one` and `many` follow a key or a count, `short` does so in a subject.

    `over` is `short` for the recovery. `fill` and `ink` colour the badge, `overlay` and `mark` the diagram.
    """

    badge: str
    short: str
    one: str
    many: str
    over: str
    lead: str
    fill: str = "#fde9e2"
    ink: str = "#b3391a"
    overlay: str = "is-failed"
    mark: str = "bad"


OVERDUE = Kind(
    badge="Stuck",
    short="stuck",
    one="is stuck",
    many="are stuck",
    over="no longer stuck",
    lead="",
    fill="#f9e4f3",
    ink="#8f2474",
    overlay="is-stuck",
    mark="stuck",
)
KINDS = {
    "overdue": OVERDUE,
    "activity-failed": Kind(
        badge="Activity failed",
        short="with a failed activity",
        one="has a failed activity",
        many="have a failed activity",
        over="no longer held by a failed activity",
        lead="All attempts are used up and nothing more happens by itself. Mend the cause, then retry.",
    ),
    "compensation-failed": Kind(
        badge="Undo failed",
        short="not undone",
        one="could not be undone",
        many="could not be undone",
        over="no longer held by a failed undo",
        lead="The undo used up its attempts, so what was done before is still in effect. Mend the cause, then retry.",
    ),
    "timeout-not-set": Kind(
        badge="No timeout",
        short="without its timeout",
        one="waits without its timeout",
        many="wait without their timeout",
        over="no longer without a timeout",
        lead="The length of the timeout could not be worked out, so nothing will end this wait by itself.",
    ),
    "poison": Kind(
        badge="Event set aside",
        short="with an event set aside",
        one="has an event that cannot be applied",
        many="have an event that cannot be applied",
        over="no longer held by an event set aside",
        lead="The event failed each time it was tried. It is kept and set aside, so that all other work goes on.",
    ),
    "loop": Kind(
        badge="Loop stopped",
        short="stopped in a loop",
        one="was stopped in a loop",
        many="were stopped in a loop",
        over="no longer stopped in a loop",
        lead="The machine moved on and on without an end, so the step was stopped and nothing of it was stored.",
    ),
    "history": Kind(
        badge="Long history",
        short="with a long history",
        one="has a long history",
        many="have a long history",
        over="no longer with a long history",
        lead="At its bound an instance takes no more events. End it before, or see why so much happens to it.",
        overlay="is-stuck",
    ),
    "history-full": Kind(
        badge="History full",
        short="with a full history",
        one="takes no more events, its history is full",
        many="take no more events, their history is full",
        over="no longer with a full history",
        lead="New events are refused and its timers are set aside. Cancel it, or raise HISTORY_LIMIT.",
    ),
}
OTHER = Kind(
    badge="Needs attention",
    short="in need of attention",
    one="needs attention",
    many="need attention",
    over="no longer in need of attention",
    lead="",
)
RECOVERED = ("#dcf4ea", "#07704f")


def kind_of(name: str) -> Kind:
    """The words for a kind of incident; one not known here still gets a message that makes sense."""
    return KINDS.get(name, OTHER)


def words_of(alert: Alert, report: Report) -> dict[str, object]:
    """What the templates of both phases show besides the report itself."""
    kind = kind_of(alert.kind)
    opened = alert.phase == "opened"
    many = report.instances != 1
    who = f"{report.instances:,} instances" if many or report.oldest is None else report.oldest.key
    place = f" in {report.state_title}" if report.state_title else ""
    says = (kind.many if many else kind.one) if opened else f"{'are' if many else 'is'} {kind.over}"
    lead = _lead(kind, report, many) if opened else _recovered(many)
    fill, ink = (kind.fill, kind.ink) if opened else RECOVERED
    return {
        "many": many,
        "overdue": kind is OVERDUE,
        "short": f"{who} {kind.short if opened else kind.over}{place}",
        "heading": f"{who} {says}{place}",
        "lead": lead,
        "lead_unbroken": _unbroken(lead, report),
        "news": _news(alert, report) if opened else "",
        "badge": {"text": kind.badge if opened else "Recovered", "fill": fill, "ink": ink},
        "versions": _versions(report.versions),
        "since": moment(report.oldest.since) if report.oldest else "",
        "others": f"{report.others:,} others{place}" if report.others else "",
        "more": f"{report.more:,}" if report.more > 0 else "",
        "see": f"See all {report.instances:,}" if many and opened else "See the machine",
        "see_url": report.list_url if many and opened else report.machine_url,
        "repeat": humanise(settings.ALERT_REPEAT),
    }


def moment(when: datetime) -> str:
    """Day and time with its zone, e.g. `13 May 2026, 08:14 UTC`."""
    return date_format(timezone.localtime(when), "j F Y, H:i T")


def _lead(kind: Kind, report: Report, many: bool) -> str:
    return _overdue(report, many) if kind is OVERDUE else kind.lead


def _overdue(report: Report, many: bool) -> str:
    waiting = f"{'They wait' if many else 'It waits'} for {' or '.join(report.waits_for)}" if report.waits_for else ""
    expected = f"expected within {report.expected}" if report.expected else ""
    first = ", ".join(part for part in (waiting, expected) if part)
    waited = report.oldest.waited if report.oldest else ""
    longest = f"{'The longest has' if many else 'It has'} waited {waited}." if waited else ""
    end = "" if report.timer else "No timer will end this wait."
    return " ".join(part for part in (f"{first[0].upper()}{first[1:]}." if first else "", longest, end) if part)


def _unbroken(lead: str, report: Report) -> str:
    """The same with durations that no line break tears apart."""
    for duration in filter(None, (report.expected, report.oldest.waited if report.oldest else "")):
        lead = lead.replace(duration, duration.replace(" ", "\u00a0"))
    return lead


def _news(alert: Alert, report: Report) -> str:
    """What a further message about the same group adds to the one before."""
    if alert.first_id is None:
        return ""
    return f"{report.fresh:,} of {report.instances:,} joined since the last message."


def _recovered(many: bool) -> str:
    return f"{'Every instance of this alert' if many else 'The instance'} has moved on or was dealt with."


def _versions(numbers: tuple[int, ...]) -> str:
    if len(numbers) > 3:
        return f"versions {numbers[0]} to {numbers[-1]}"
    if len(numbers) > 1:
        return f"versions {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return f"version {numbers[0]}" if numbers else ""
