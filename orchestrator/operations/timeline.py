"""The journal as people read it: what happened, what moved, what changed in the context."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.operations.charts import title_of
from orchestrator.runtime.queries import JournalRow
from orchestrator.statechart.definition import JSON, Chart

LONGEST_VALUE = 400
CHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A changed context key; an empty side means that it was not there."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: `point` is the class of its dot, `moved` what was left and entered, `notes` the rest."""

    seq: int
    point: str
    title: str
    group: str  # event | activity
    moved: str
    notes: list[str]
    changes: list[Change]
    more_changes: int
    at: datetime
    recorded_at: datetime
    actor: str
    data: str


def timeline(chart: Chart, rows: Sequence[JournalRow], newest: int) -> list[Moment]:
    """Newest first; `newest` is the number of the row which brought the instance where it stands."""
    return [_moment(chart, row, newest) for row in reversed(rows)]


def _moment(chart: Chart, row: JournalRow, newest: int) -> Moment:
    changes = _changes(row.detail.get("changes"))
    return Moment(
        seq=row.seq,
        point=_point(row, newest),
        title=_title(chart, row),
        group="activity" if row.kind == "activity" else "event",
        moved=_moved(chart, row),
        notes=_notes(row),
        changes=changes[:CHANGES_SHOWN],
        more_changes=max(0, len(changes) - CHANGES_SHOWN),
        at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor or row.source,
        data=json.dumps(row.data, indent=2, ensure_ascii=False)[: LONGEST_VALUE * 10] if row.data else "",
    )


def _point(row: JournalRow, newest: int) -> str:
    if row.outcome == "error" or row.name.startswith("error."):
        return "bad"
    if row.outcome == "ignored":
        return ""
    if row.seq == newest:
        return "now"
    return {"activity": "ok", "timer": "wait", "event": "ev"}.get(row.kind, "")


def _title(chart: Chart, row: JournalRow) -> str:
    """Events keep their name, which designers know; inner names are put into words."""
    if row.kind == "start":
        return "Started"
    for prefix, words in (("done.invoke.", "{} done"), ("error.invoke.", "{} failed")):
        if row.name.startswith(prefix):
            return words.format(_activity_title(chart, row.name.removeprefix(prefix)))
    if row.name.startswith("after."):
        return f"Timeout in {title_of(chart, row.name.removeprefix('after.').split('/')[0])}"
    return {"done.compensation": "Undone", "error.compensation": "Undoing failed"}.get(row.name, row.name)


def _activity_title(chart: Chart, activity: str) -> str:
    known = (a for state in chart.states.values() for a in state.activities if a.id == activity)
    return next((a.title for a in known), activity)


def _moved(chart: Chart, row: JournalRow) -> str:
    left = [title_of(chart, name) for name in _names(row.detail.get("exited"))]
    came = [title_of(chart, name) for name in _names(row.detail.get("entered"))]
    if row.outcome == "ignored":
        return "Ignored: no transition took it where the instance stood then, or a guard was not true."
    if left and came:
        return f"{', '.join(left)} to {', '.join(came)}."
    if came:
        return f"Entered {', '.join(came)}."
    return f"Left {', '.join(left)}." if left else ""


def _notes(row: JournalRow) -> list[str]:
    log = row.detail.get("log")
    lines = [_text(line) for line in log] if isinstance(log, list) else []
    message = row.detail.get("message")
    error = row.data.get("error")
    if isinstance(error, dict):
        lines.append(_text(error.get("message") or error))
    return [*lines, *([_text(message)] if message else [])]


def _changes(found: JSON) -> list[Change]:
    """`changes` maps a context key to [before, after]; a missing side is null."""
    if not isinstance(found, dict):
        return []
    pairs = {
        key: value if isinstance(value, list) and len(value) == 2 else [None, value] for key, value in found.items()
    }
    return [
        Change(key, "" if old is None else _text(old, quote=True), "" if new is None else _text(new, quote=True))
        for key, (old, new) in pairs.items()
    ]


def _names(value: JSON) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _text(value: JSON, quote: bool = False) -> str:
    text = value if isinstance(value, str) and not quote else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} …"
