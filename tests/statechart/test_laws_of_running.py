"""Laws over thousands of charts that use every construct: a restart changes nothing, and configurations stay legal."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count
from random import Random

import pytest

from orchestrator.statechart.checks.states import reachable
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.document import parse
from orchestrator.statechart.effects import StartActivity
from orchestrator.statechart.snapshot import Snapshot, from_json, to_json
from orchestrator.statechart.steps import Environment, Event, LoopError, Step
from orchestrator.statechart.structure import structure_of
from orchestrator.statechart.transition import start, transition
from tests.effort import examples
from tests.formats.charts import seeded
from tests.statechart.support import BEGINNING

CHARTS, PARTS, EVENTS = examples(5_000), 10, 5
ENVIRONMENT = Environment(instance_id=7, instance_key="SO-7", max_microsteps=20, parent=True)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_restart_from_json_after_every_step_gives_the_same_result(part: int) -> None:
    """Charts that go round for ever from the start are passed over, since no event ever reaches them."""
    seeds = count(part * 100_000)
    moved = ran = 0
    while ran < CHARTS // PARTS:
        seed = next(seeds)
        chart = parse(seeded(seed))
        with suppress(LoopError):
            begun = start(chart, {}, BEGINNING, ENVIRONMENT)
            moved += course(chart, begun, Random(seed))
            ran += 1
    assert moved > CHARTS // PARTS


def course(chart: Chart, step: Step, dice: Random) -> int:
    """Let a chart run by random events; returns how many micro steps it took."""
    now, moved = BEGINNING, 0
    declared = set(reachable(structure_of(chart)))
    lawful(chart, Snapshot(), step, declared)
    asked: list[StartActivity] = []
    for _ in range(EVENTS):
        asked += [effect for effect in step.effects if isinstance(effect, StartActivity)]
        now += timedelta(seconds=dice.randrange(100))
        event = chosen(chart, step.snapshot, asked, dice)
        before = step.snapshot
        try:
            restarted = transition(chart, from_json(to_json(before)), event, now, ENVIRONMENT)
        except LoopError:
            continue
        step = transition(chart, before, event, now, ENVIRONMENT)
        assert to_json(step.snapshot) == to_json(restarted.snapshot)
        assert step._replace(snapshot=before) == restarted._replace(snapshot=before)
        lawful(chart, before, step, declared)
        moved += len(step.microsteps)
    return moved


def chosen(chart: Chart, snapshot: Snapshot, asked: list[StartActivity], dice: Random) -> Event:
    """An event that some transition of an active state waits for, or of any state, or the end of an activity."""
    if asked and dice.random() < 0.3:
        run = asked.pop(dice.randrange(len(asked)))
        subject = "compensation" if run.compensates else f"invoke.{run.activity}"
        if dice.random() < 0.7:
            return Event(f"done.{subject}", {"invocation": run.invocation, "result": {"n": dice.randrange(4)}})
        error: dict[str, JSON] = {"class": "E", "message": "m"}
        return Event(f"error.{subject}", {"invocation": run.invocation, "error": error})
    keys = snapshot.configuration if dice.random() < 0.9 else tuple(chart.states)
    ways = [way for key in keys for way in chart.states[key].transitions if way.events]
    names = [name.removesuffix(".*") for way in ways for name in way.events if name != "*"] or ["any"]
    return Event(dice.choice(names), {"v": dice.randrange(4), "n": dice.randrange(4)})


def lawful(chart: Chart, before: Snapshot, step: Step, declared: set[str]) -> None:
    """SCXML 3.11 for the configuration, and what is entered and left in balance."""
    active = set(before.configuration)
    for microstep in step.microsteps:
        assert active >= set(microstep.exited)
        active -= set(microstep.exited)
        assert active.isdisjoint(microstep.entered)
        active |= set(microstep.entered)
        assert declared.issuperset(microstep.entered)
    configuration = step.snapshot.configuration
    assert active == set(configuration)
    assert configuration == tuple(key for key in chart.states if key in active)
    assert len(active.intersection(chart.roots)) == 1
    for key in active:
        state = chart.states[key]
        assert state.parent is None or state.parent in active
        real = {child for child in state.children if chart.states[child].type != "history"}
        assert len(active & real) == (len(real) if state.type == "parallel" else min(len(real), 1))
