"""What an event would do to an instance now, said by the same pure step that will apply it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.operations.charts import title_of
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.effects import CancelActivity, Emit, SetTimer, StartActivity
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.transition import Environment, Event, LoopError, Step, transition


@dataclass(frozen=True, slots=True)
class Preview:
    """`css` is the look of the line, `sentence` the outcome, `effects` what else it sets off."""

    css: str
    sentence: str
    effects: list[str] = field(default_factory=list)


def preview(chart: Chart, before: Snapshot, event: Event, now: datetime, environment: Environment) -> Preview:
    try:
        step = transition(chart, before, event, now, environment)
    except LoopError as error:
        return Preview("bad", f"This would run into a loop: {error}")
    if not step.handled:
        return Preview("busy", "Nothing takes this event now: it would be journaled as ignored.", _errors(step))
    return Preview("", _moves(chart, before, step), [*_errors(step), *_effects(step)])


def _moves(chart: Chart, snapshot: Snapshot, step: Step) -> str:
    before = [name for name in snapshot.configuration if name not in step.snapshot.configuration]
    after = [name for name in step.snapshot.configuration if name not in snapshot.configuration]
    if not after and not before:
        return "It stays where it is; the actions of the transition run."
    goal = ", ".join(title_of(chart, name) for name in after) or "the end"
    left = ", ".join(title_of(chart, name) for name in before)
    ending = "" if step.snapshot.status == "running" else f" The instance is {step.snapshot.status} then."
    return f"{left} to {goal}.{ending}" if left else f"Enters {goal}.{ending}"


def _effects(step: Step) -> list[str]:
    starts = [f"Starts {effect.title}." for effect in step.effects if isinstance(effect, StartActivity)]
    stops = sum(isinstance(effect, CancelActivity) for effect in step.effects)
    timers = sum(isinstance(effect, SetTimer) for effect in step.effects)
    lines = starts
    lines.extend(f"Publishes {effect.event} to {effect.topic}." for effect in step.effects if isinstance(effect, Emit))
    if stops:
        lines.append("Stops one running activity." if stops == 1 else f"Stops {stops} running activities.")
    if timers:
        lines.append("Sets one timer." if timers == 1 else f"Sets {timers} timers.")
    return lines


def _errors(step: Step) -> list[str]:
    return [f"An expression fails: {error}" for error in step.errors]
