"""What holds when any instance is taken over into any version."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import dump, parse
from orchestrator.statechart.migration import ACCEPTABLE, judge, mapping_error, migrate, suggest
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.transition import LoopError
from tests.statechart.charts import STEPS, Walk, documents, random_course, walked
from tests.statechart.support import Document
from tests.statechart.test_properties import (
    SEEDS,
    configurations_are_legal_and_in_document_order,
    timers_and_deadlines_wait_for_active_states_and_none_is_lost,
    whatever_is_waited_for_is_under_way_and_nothing_else_is,
)

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Steps = list[tuple[int, int, int]]
FIGURES = ("invocations", "fans", "undoables", "suspended", "compensating", "counter", "status", "context")


def computable(made: Document) -> Document:
    """The document without what cannot be worked out, as each new try of it is told to the chart anew."""
    text = json.dumps(made).replace("${context.missing}", "PT3H").replace(" || context.missing", "")
    for key in ("delay", "expectedWithin"):  # the context is no duration once it holds true
        text = text.replace(f'"{key}": "${{context.n}}"', f'"{key}": "PT4H"')
    read: Document = json.loads(text.replace("context.missing", "true"))
    return read


def renamed(made: Any, key: str = "") -> Any:
    """The document with another key for every state; all else as it was."""
    if isinstance(made, dict):
        inner = {"state." + name if key == "states" else name: renamed(value, name) for name, value in made.items()}
        return inner | {"title": made["title"]} if "title" in made else inner
    if isinstance(made, list):
        return [renamed(value, key) for value in made]
    return "state." + made if key in ("target", "initial") and isinstance(made, str) else made


def course(made: Document, steps: Steps) -> Walk:
    walk = walked(made, steps, lambda walk: None)
    assume(walk is not None)
    assert walk is not None
    return walk


@some
@given(documents(), STEPS)
def test_an_instance_that_is_taken_over_into_an_equal_chart_changes_in_nothing(made: Document, steps: Steps) -> None:
    walk = course(made, steps)
    same = parse(json.loads(json.dumps(dump(walk.chart))))
    assert judge(walk.chart, same, walk.snapshot, {}).kind == ("stranded" if ended(walk.snapshot) else "fits")
    step = migrate(walk.chart, same, walk.snapshot, {}, walk.now, walk.environment)
    assert (step.snapshot, step.effects, step.microsteps) == (walk.snapshot, (), ())


def ended(snapshot: Snapshot) -> bool:
    return snapshot.status in FINISHED and snapshot.status != "failed"


@some
@given(documents().map(computable), STEPS)
def test_there_and_back_again_is_where_it_began(made: Document, steps: Steps) -> None:
    walk = course(made, steps)
    other = parse(renamed(dump(walk.chart)))
    there = dict(zip(walk.chart.states, other.states, strict=True))
    assert mapping_error(walk.chart, other, there) == ""
    assume(not ended(walk.snapshot))
    assert judge(walk.chart, other, walk.snapshot, there).kind == "fits"
    moved = migrate(walk.chart, other, walk.snapshot, there, walk.now, walk.environment).snapshot
    assert moved.configuration == tuple(there[key] for key in walk.snapshot.configuration)
    assert [getattr(moved, name) for name in FIGURES] == [getattr(walk.snapshot, name) for name in FIGURES]
    back = {after: before for before, after in there.items()}
    assert migrate(other, walk.chart, moved, back, walk.now, walk.environment).snapshot == walk.snapshot


class Migrated(Walk):
    """A walk that goes on in another chart."""

    def __init__(self, walk: Walk, new: Chart, mapping: dict[str, str]) -> None:
        for name, value in vars(walk).items():
            setattr(self, name, value)
        old, self.chart = walk.chart, new
        self._take(migrate(old, new, walk.snapshot, mapping, walk.now, walk.environment))


def any_mapping(seed: int, old: Chart, new: Chart) -> dict[str, str]:
    """Some states to any others."""
    choose = Random(seed)
    real = [key for key, state in new.states.items() if state.type != "history"]
    return {
        key: choose.choice(real)
        for key, state in old.states.items()
        if state.type != "history" and choose.random() < 0.7
    }


def goes_on_legally(one: Document, steps: Steps, other: Document, seed: int, further: Steps) -> bool:
    """Whether the instance fitted; then it stands and goes on as one that was started there."""
    walk, new = walked(one, steps, lambda walk: None), parse(other)
    mapping = any_mapping(seed, walk.chart, new) if walk else {}
    if walk is None or judge(walk.chart, new, walk.snapshot, mapping, ACCEPTABLE).kind != "fits":
        return False
    try:
        moved = Migrated(walk, new, mapping)
        for step in ((), *further):
            if step:
                moved.go(*step)
            configurations_are_legal_and_in_document_order(moved)
            timers_and_deadlines_wait_for_active_states_and_none_is_lost(moved)
            whatever_is_waited_for_is_under_way_and_nothing_else_is(moved)
    except LoopError:
        return True
    return True


@some
@given(documents(), STEPS, documents(), SEEDS, STEPS)
def test_what_fits_stands_legally_in_any_other_chart_and_goes_on_there(
    one: Document, steps: Steps, other: Document, seed: int, further: Steps
) -> None:
    goes_on_legally(one, steps, other, seed, further)


def test_many_random_pairs_of_charts_fit_and_go_on() -> None:
    pairs = ((random_course(seed, 12), random_course(seed + 100_000, 12), seed) for seed in range(60))
    fitted = [goes_on_legally(*one, other, seed, further) for one, (other, further), seed in pairs]
    assert sum(fitted) > 15


@some
@given(documents(), documents(), st.integers(0, 5))
def test_a_suggestion_is_a_mapping_of_states_that_are_gone_to_different_new_ones(
    one: Document, other: Document, cut: int
) -> None:
    old, new = parse(one), parse(renamed(other) if cut else other)
    found = suggest(old, new)
    assert mapping_error(old, new, found) == ""
    assert set(found) <= set(old.states) - set(new.states)
    assert len(set(found.values())) == len(found)
