"""The facts of an alert at the moment of sending, read from the database; every channel words them in its own way."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.urls import reverse

from orchestrator.alerts import store
from orchestrator.alerts.models import Alert, AlertIncident
from orchestrator.definitions.charts import chart_of
from orchestrator.runtime.models import Incident, Instance
from orchestrator.statechart.definition import Chart, State
from orchestrator.statechart.durations import humanise, parse_duration
from orchestrator.statechart.snapshot import FINISHED

MOST_ROWS = 10
MOST_EVENTS = 3
LONGEST_TEXT = 300
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, bidirectional and line-breaking characters, halves of pairs


@dataclass(frozen=True, slots=True)
class Row:
    """One affected instance: `waited` is humanised, `url` absolute, `outcome` how its incident ended (or empty)."""

    key: str
    url: str
    since: datetime
    waited: str
    message: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a message says. `incidents` are the ids it tells of, `rows` the oldest of them (bounded).

    `fresh` counts those that no earlier message told of, `others` the running instances in the same leaf state without
    any incident, `waits_for` names what moves the state on, and `timer` says whether a timeout ends the wait by itself.
    """

    machine: str
    versions: tuple[int, ...]
    state: str
    state_title: str
    chart: Chart
    incidents: tuple[int, ...]
    rows: tuple[Row, ...]
    instances: int
    fresh: int
    others: int
    expected: str
    waits_for: tuple[str, ...]
    timer: bool
    lasted: str
    machine_url: str
    list_url: str
    earlier: tuple[str, ...]

    @property
    def oldest(self) -> Row | None:
        """The instance whose trouble began first."""
        return self.rows[0] if self.rows else None

    @property
    def more(self) -> int:
        """How many instances are not listed in `rows`."""
        return self.instances - len(self.rows)


def plain(text: str, limit: int = LONGEST_TEXT) -> str:
    """User text on one line, without control characters and at most `limit` long."""
    kept = "".join(" " if unicodedata.category(char) in UNSAFE else char for char in text[: limit * 4])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def report_of(alert: Alert) -> Report:
    """Read the facts. An opened alert tells of what is open now, a recovery of all that the group had."""
    chart = chart_of(alert.version_id)
    state = chart.states.get(alert.state)
    incidents = _incidents(alert)
    ids = tuple(incidents.values_list("pk", flat=True))
    told = AlertIncident.objects.filter(incident__in=ids).exclude(mailed_at=None).count()
    events, timer = _ways_out(chart, state)
    return Report(
        machine=plain(alert.machine.title),
        versions=tuple(incidents.order_by("version__number").values_list("version__number", flat=True).distinct()),
        state=alert.state,
        state_title=plain(state.title if state else alert.state),
        chart=chart,
        incidents=ids,
        rows=_rows(incidents),
        instances=incidents.order_by().values("instance").distinct().count(),
        fresh=len(ids) - told,
        others=_others(alert),
        expected=_expected(state),
        waits_for=events,
        timer=timer,
        lasted=_lasted(incidents),
        machine_url=_absolute("admin:operations_machine", alert.machine.slug, state=alert.state),
        list_url=_absolute("admin:operations_instances", alert.machine.slug, state=alert.state, stuck="1"),
        earlier=_earlier(alert),
    )


def _incidents(alert: Alert) -> QuerySet[Incident]:
    linked = Incident.objects.filter(alert_link__alert=alert.root_id).order_by("since", "pk")
    return linked.filter(resolved_at=None) if alert.phase == "opened" else linked


def _rows(incidents: QuerySet[Incident]) -> tuple[Row, ...]:
    now = store.now()
    return tuple(
        Row(
            key=plain(incident.instance.key, 80),
            url=_absolute("admin:operations_instance", incident.instance_id),
            since=incident.since,
            waited=humanise(max((now - incident.since).total_seconds(), 0.0)),
            message=plain(incident.message),
            outcome=plain(incident.resolution),
        )
        for incident in incidents.select_related("instance")[:MOST_ROWS]
    )


def _others(alert: Alert) -> int:
    leaf = Q(configuration=alert.state)  # leaf states joined by one space
    leaf |= Q(configuration__startswith=f"{alert.state} ") | Q(configuration__endswith=f" {alert.state}")
    leaf |= Q(configuration__contains=f" {alert.state} ")
    there = Instance.objects.filter(leaf, machine=alert.machine_id).exclude(status__in=FINISHED)
    affected = Incident.objects.filter(instance=OuterRef("pk"), resolved_at=None)
    return there.exclude(Exists(affected)).count() if alert.phase == "opened" else 0


def _expected(state: State | None) -> str:
    try:
        return humanise(parse_duration(state.expected_within)) if state and state.expected_within else ""
    except ValueError:  # an expression: its value differs from instance to instance
        return ""


def _ways_out(chart: Chart, state: State | None) -> tuple[tuple[str, ...], bool]:
    """What moves the state on (events, else activities), and whether a timeout of it or around it ends the wait."""
    if state is None:
        return (), True
    events = [event for way in state.transitions if way.kind == "on" for event in way.events]
    named = events or [activity.title for activity in state.activities]
    around: State | None = state
    while around and not any(way.kind == "after" for way in around.transitions):
        around = chart.states.get(around.parent) if around.parent else None
    return tuple(plain(name, 80) for name in dict.fromkeys(named))[:MOST_EVENTS], around is not None


def _lasted(incidents: QuerySet[Incident]) -> str:
    span = incidents.order_by().aggregate(start=Min("opened_at"), end=Max("resolved_at"))
    if span["start"] is None or span["end"] is None:
        return ""
    return humanise(max((span["end"] - span["start"]).total_seconds(), 0.0))


def _earlier(alert: Alert) -> tuple[str, ...]:
    """Message-IDs of the thread so far, oldest first."""
    if alert.first is None:
        return ()
    later = alert.first.later.filter(pk__lt=alert.pk, status="sent").order_by("pk")
    return (alert.first.message_id, *later.values_list("message_id", flat=True))


def _absolute(name: str, argument: object, **query: str) -> str:
    address = f"{settings.BASE_URL.rstrip('/')}{reverse(name, args=[argument])}"
    return f"{address}?{urlencode(query)}" if query else address
