"""Where the instances of a machine stand: one line per state, a bar, and the heat and badges for the diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.definitions.models import Machine
from orchestrator.diagrams.render import Overlay
from orchestrator.operations.charts import ancestors, current_chart, title_of
from orchestrator.operations.figures import Portion, Segment, heat_steps, stacked_bar
from orchestrator.runtime.queries import StateCount, state_counts
from orchestrator.statechart.definition import Chart


@dataclass(frozen=True, slots=True)
class StateLine:
    """A state in the table: `path` names the states around it, `oldest` is when its longest-waiting one came."""

    state: str
    title: str
    path: str
    count: int
    stuck: int
    oldest: datetime | None
    final: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    lines: list[StateLine]
    segments: list[Segment]
    total: int
    words: str  # the bar for those who do not see it


def distribution(machine: Machine) -> Distribution:
    """Counts of all instances over the states of the machine's current version; unknown states come last."""
    chart = current_chart(machine)
    lines = [_line(chart, count) for count in state_counts(machine.pk) if count.count]
    segments = stacked_bar([Portion(line.state, line.title, line.count, line.stuck) for line in lines])
    words = "; ".join(f"{line.title} {line.count:,}" for line in lines) or "No instances yet"
    return Distribution(lines=lines, segments=segments, total=sum(line.count for line in lines), words=words)


def _line(chart: Chart | None, count: StateCount) -> StateLine:
    known = chart.states.get(count.state) if chart else None
    around = list(ancestors(chart, count.state))[1:] if chart else []
    return StateLine(
        state=count.state,
        title=title_of(chart, count.state),
        path=", ".join(title_of(chart, name) for name in reversed(around)),
        count=count.count,
        stuck=count.stuck,
        oldest=count.oldest,
        final=bool(known and known.type == "final"),
    )


def heat_overlay(lines: Sequence[StateLine], stuck_around: Mapping[str, int]) -> Overlay:
    """Heat by count, a count badge on each state that holds instances, a magenta badge where some are stuck.

    `stuck_around` counts the stuck in states which hold others, such as a compound state with an expected time.
    """
    steps = heat_steps({line.state: line.count for line in lines})
    badges: dict[str, tuple[tuple[str, str], ...]] = {
        state: (("stuck", f"{count:,} stuck"),) for state, count in stuck_around.items()
    }
    badges |= {line.state: _badges(line) for line in lines}
    return Overlay(classes={state: f"heat-{step}" for state, step in steps.items()}, badges=badges)


def _badges(line: StateLine) -> tuple[tuple[str, str], ...]:
    count = (("", f"{line.count:,}"),)
    return (*count, ("stuck", f"{line.stuck:,} stuck")) if line.stuck else count
