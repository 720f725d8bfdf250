"""What the operations pages need to know of a chart: families of states, titles, events which have an effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.models import Machine
from orchestrator.statechart.definition import Chart, State, Transition


def current_chart(machine: Machine) -> Chart | None:
    """The chart of the published version; None while nothing is published."""
    return chart_of(machine.current_id) if machine.current_id else None


def title_of(chart: Chart | None, state: str) -> str:
    """The state's title; its key when the chart does not know it (it was removed since)."""
    known = chart.states.get(state) if chart else None
    return known.title if known else state


def ancestors(chart: Chart, state: str) -> Iterator[str]:
    """The state itself, then its parents up to the top."""
    at = chart.states.get(state)
    while at is not None:
        yield at.id
        at = chart.states.get(at.parent) if at.parent else None


def leaves(chart: Chart, state: str) -> list[str]:
    """The leaf states inside a state; the state itself when it is one or is unknown."""
    found = chart.states.get(state)
    if found is None or not found.children:
        return [state]
    return [leaf for child in found.children for leaf in leaves(chart, child)]


def standing(chart: Chart, active: Iterable[str]) -> list[State]:
    """Active states with their parents, in document order."""
    inside = {name for state in active for name in ancestors(chart, state)}
    return [state for state in chart.states.values() if state.id in inside]


def transitions_from(chart: Chart, active: Iterable[str]) -> list[Transition]:
    """Every transition which the active states or their parents could take, the innermost state first."""
    return [transition for state in reversed(standing(chart, active)) for transition in state.transitions]


@dataclass(frozen=True, slots=True)
class EventChoice:
    """An event which some active state listens to; `targets` are titles, `guarded` that a condition decides."""

    name: str
    targets: tuple[str, ...]
    guarded: bool

    @property
    def words(self) -> str:
        goal = " or ".join(dict.fromkeys(self.targets)) or "stays in its state"
        return f"{self.name}: {goal}{', if its guard allows' if self.guarded else ''}"


def event_choices(chart: Chart, active: Iterable[str]) -> list[EventChoice]:
    """Events by exact name which have an effect now; patterns such as `order.*` are left to the free text."""
    found: dict[str, list[Transition]] = {}
    for transition in transitions_from(chart, active):
        if transition.kind == "on":
            for name in transition.events:
                if not name.endswith("*"):
                    found.setdefault(name, []).append(transition)
    return [
        EventChoice(
            name=name,
            targets=tuple(title_of(chart, target) for t in taken for target in t.targets),
            guarded=all(t.guard for t in taken),
        )
        for name, taken in found.items()
    ]
