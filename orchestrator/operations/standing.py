"""Where one instance stands: the path it took on the diagram, and a sentence on what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.diagrams.render import Overlay
from orchestrator.operations.charts import standing, title_of
from orchestrator.operations.stuck import any_of, awaited, expected_words
from orchestrator.operations.templatetags.ops import moment, trouble, waited
from orchestrator.runtime.listings import IncidentRow, InstanceDetail
from orchestrator.runtime.queries import JournalRow
from orchestrator.statechart.definition import JSON, Chart

ENDINGS = {
    "completed": ("ok", "circle-check", "Completed"),
    "cancelled": ("", "ban", "Cancelled"),
    "compensated": ("", "undo-2", "Undone"),
    "failed": ("bad", "circle-x", "Failed"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """The banner: its class, its icon, what holds the instance, and what else is known of it."""

    css: str
    icon: str
    sentence: str
    more: str


def path_overlay(
    chart: Chart, instance: InstanceDetail, rows: Sequence[JournalRow], open_incidents: Sequence[IncidentRow]
) -> Overlay:
    """Visited states, transitions taken, where it stands, and in magenta or red where it is held up."""
    classes: dict[str, str] = {}
    for row in rows:
        classes |= {name: "is-visited" for name in _names(row.detail.get("entered"))}
        classes |= {ref: "is-taken" for ref in _names(row.detail.get("transitions"))}
    mark = {"completed": "is-visited", "cancelled": "is-visited", "failed": "is-failed"}.get(
        instance.row.status, "is-active"
    )
    mark = "is-compensated" if instance.row.status == "compensated" else mark
    classes |= {state.id: mark for state in standing(chart, instance.row.configuration)}
    badges: dict[str, tuple[tuple[str, str], ...]] = {}
    for incident in open_incidents:
        late = incident.kind == "overdue"
        classes[incident.state] = "is-stuck" if late else "is-failed"
        badges[incident.state] = (("stuck", waited(incident.since)) if late else ("bad", "failed"),)
    return Overlay(classes=classes, badges=badges, quiet="sb-run")


def _names(value: JSON) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def waiting_for(
    chart: Chart, instance: InstanceDetail, open_incidents: Sequence[IncidentRow], rows: Sequence[JournalRow] = ()
) -> Waiting:
    """One sentence on what the instance waits for now; the trouble first, when there is some."""
    where = ", ".join(title_of(chart, state) for state in instance.row.configuration) or "no state yet"
    if instance.row.status in ENDINGS:
        css, icon, word = ENDINGS[instance.row.status]
        more = open_incidents[0].message if open_incidents else f"Last moved {moment(instance.row.updated_at)}."
        return Waiting(css, icon, f"{word} in {where}.", more)
    if instance.row.status == "suspended":
        return Waiting("warn", "pause", f"Suspended in {where}.", _rests(instance, rows))
    if open_incidents:
        return _held(chart, instance, open_incidents[0])
    if not instance.row.configuration:
        return Waiting("", "clock", "Accepted, not started yet.", "A worker takes it up within a second or so.")
    return Waiting("", "clock", f"In {where}: {_awaits(chart, instance)}.", _ends(instance))


def _held(chart: Chart, instance: InstanceDetail, incident: IncidentRow) -> Waiting:
    if incident.kind != "overdue":
        return Waiting(
            "bad", "zap", f"{trouble(incident.kind)} in {title_of(chart, incident.state)}.", incident.message
        )
    expected = expected_words(chart, incident.state)
    events = awaited(chart, [incident.state])
    goal = any_of(events) if events else f"a way out of {title_of(chart, incident.state)}"
    limit = f" Expected within {expected}." if expected else ""
    return Waiting("stuck", "hourglass", f"Waiting for {goal} for {waited(incident.since)}.{limit}", _ends(instance))


def _awaits(chart: Chart, instance: InstanceDetail) -> str:
    running = [run.title for run in instance.activities if run.status in ("pending", "running")]
    if running:
        return f"{any_of(running)} is at work" if len(running) == 1 else f"{', '.join(running)} are at work"
    asked = [run.title for run in instance.activities if run.status == "waiting"]
    if asked:
        return f"waiting for a person to do {any_of(asked)}"
    events = awaited(chart, instance.row.configuration)
    return f"waiting for {any_of(events)}" if events else "no event leads on from here"


def _ends(instance: InstanceDetail) -> str:
    """When time itself will move the instance on."""
    due: list[datetime] = [timer.due for timer in instance.timers if timer.kind == "event"]
    return f"A timer moves it on at {moment(min(due))}." if due else "No timer will end this wait."


def _rests(instance: InstanceDetail, rows: Sequence[JournalRow]) -> str:
    """Since when, by whom and why it rests, and what waits until it is resumed."""
    told = next((row for row in reversed(rows) if (row.kind, row.name) == ("command", "suspend")), None)
    reason = f": {told.detail.get('message')}" if told and told.detail.get("message") else ""
    since = f"Since {moment(told.recorded_at)} by {told.actor.removeprefix('user:')}{reason}. " if told else ""
    waits = f"{instance.pending:,} inputs wait. " if instance.pending else ""
    return f"{since}{waits}No timer fires and no activity begins until it is resumed."
