"""Stuck instances in groups: which state, why we think so, how many, since when, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.definitions.models import Machine
from orchestrator.operations.charts import current_chart, title_of, transitions_from
from orchestrator.runtime.queries_instances import IncidentGroup, incident_groups
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.durations import humanise, parse_duration

EVENTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class StuckGroup:
    """A group of open incidents; `retryable` when trying again may help, which waiting for an event is not."""

    machine: str
    machine_title: str
    state: str
    title: str
    kind: str
    why: str
    count: int
    since: datetime
    retryable: bool


def stuck_groups(machines: Sequence[Machine]) -> list[StuckGroup]:
    """The largest first."""
    known = {machine.pk: machine for machine in machines}
    return [_group(known[group.machine_id], group) for group in incident_groups(list(known))]


def expected_words(chart: Chart | None, state: str) -> str:
    """The expected time of a state in words; empty when the chart names none or computes it."""
    known = chart.states.get(state) if chart else None
    if known is None or not known.expected_within:
        return ""
    try:
        return humanise(parse_duration(known.expected_within))
    except ValueError:
        return ""


def awaited(chart: Chart | None, active: Sequence[str]) -> list[str]:
    """Events which would move these states on: their own, or else those of the states around them."""
    if chart is None:
        return []
    found = transitions_from(chart, active)
    own = [t for t in found if t.source in active and t.kind == "on"]
    return list(dict.fromkeys(name for t in own or found if t.kind == "on" for name in t.events))


def _group(machine: Machine, group: IncidentGroup) -> StuckGroup:
    chart = current_chart(machine)
    return StuckGroup(
        machine=group.machine,
        machine_title=group.machine_title,
        state=group.state,
        title=title_of(chart, group.state),
        kind=group.kind,
        why=_why(chart, group),
        count=group.count,
        since=group.since,
        retryable=group.kind in {"activity-failed", "compensation-failed"},
    )


def _why(chart: Chart | None, group: IncidentGroup) -> str:
    if group.kind != "overdue":
        return group.sample or "No message was left."
    expected = expected_words(chart, group.state)
    events = awaited(chart, [group.state])
    waits = f"Waiting for {any_of(events)}" if events else "No event leads on from here"
    return f"{waits}, expected within {expected}." if expected else f"{waits}."


def any_of(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`, `a, b, c or 2 more`."""
    shown = list(names[:EVENTS_NAMED])
    more = len(names) - len(shown)
    last = f"{more} more" if more else shown.pop() if len(shown) > 1 else ""
    head = ", ".join(shown)
    return f"{head} or {last}" if last else head
