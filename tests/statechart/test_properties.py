"""What holds for every chart and every course of events."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.statechart.checks.states import reachable
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.document import dump, loads, parse
from orchestrator.statechart.effects import OpenIncident
from orchestrator.statechart.snapshot import FINISHED, to_json
from orchestrator.statechart.structure import structure_of
from orchestrator.statechart.transition import Event, LoopError, Step, transition
from tests.statechart.charts import STEPS, Walk, documents, random_course, walked
from tests.statechart.support import Document, refusal
from tests.statechart.test_snapshot import JSON_VALUES

Steps = list[tuple[int, int, int]]
SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def configurations_are_legal_and_in_document_order(walk: Walk) -> None:
    """SCXML 3.11."""
    configuration, states = walk.step.snapshot.configuration, walk.chart.states
    active = set(configuration)
    assert configuration == tuple(key for key in states if key in active)
    assert set(walk.step.snapshot.entered) == active
    assert len(active.intersection(walk.chart.roots)) == 1
    for key in active:
        assert states[key].type != "history"
        assert states[key].parent in (None, *active)
        real = {child for child in states[key].children if states[child].type != "history"}
        assert len(active & real) == (len(real) if states[key].type == "parallel" else min(len(real), 1))


def what_is_left_was_active_and_what_is_entered_was_not(walk: Walk) -> None:
    active = set(walk.before.configuration)
    for microstep in walk.step.microsteps:
        assert active >= set(microstep.exited)
        active -= set(microstep.exited)
        assert active.isdisjoint(microstep.entered)
        active |= set(microstep.entered)
        for keys in (microstep.exited, microstep.entered):
            assert len(set(keys)) == len(keys)
    assert active == set(walk.step.snapshot.configuration)


def every_state_that_is_entered_was_declared_reachable(walk: Walk) -> None:
    declared = reachable(structure_of(walk.chart))
    assert set(declared).issuperset(key for microstep in walk.step.microsteps for key in microstep.entered)


def an_event_that_was_not_handled_changed_nothing(walk: Walk) -> None:
    if not walk.step.handled:
        assert (walk.step.effects, walk.step.microsteps) == ((), ())
        assert walk.step.snapshot._replace(fired=()) == walk.before._replace(fired=())


def timers_and_deadlines_wait_for_active_states_and_none_is_lost(walk: Walk) -> None:
    snapshot = walk.step.snapshot
    active = () if snapshot.status in FINISHED else snapshot.configuration
    ways = [way for key in active for way in walk.chart.states[key].transitions if way.kind == "after"]
    expected = {way.events[0] for way in ways if "missing" not in str(way.delay)} - set(snapshot.fired)
    assert {name for name in walk.timers if name.startswith("after.")} == expected
    times = {key: walk.chart.states[key].expected_within for key in active}
    assert set(walk.deadlines) == {key for key, time in times.items() if time and "missing" not in time}


def whatever_is_waited_for_is_under_way_and_nothing_else_is(walk: Walk) -> None:
    snapshot = walk.step.snapshot
    waited = set(snapshot.invocations.values()) - set(walk.failed)
    undoing = {snapshot.compensating} if snapshot.compensating and snapshot.status != "failed" else set()
    assert set(walk.activities) == waited | undoing
    assert undoing == set() or snapshot.status == "compensating"


def what_was_done_is_undone_once_or_can_still_be_undone(walk: Walk) -> None:
    left = [undoable.invocation for undoable in walk.step.snapshot.undoables]
    assert sorted(walk.undone + left) == sorted(walk.completed)


def no_instance_stops_without_calling_a_person(walk: Walk) -> None:
    snapshot, before = walk.step.snapshot, walk.before
    stopped = snapshot.status == "failed" != before.status
    if stopped or set(snapshot.suspended) - set(before.suspended):
        assert any(isinstance(effect, OpenIncident) for effect in walk.step.effects)
    if snapshot.status == "running":
        assert all(
            walk.chart.states[key].type != "final" for key in set(walk.chart.roots) & set(snapshot.configuration)
        )


LAWS = (
    configurations_are_legal_and_in_document_order,
    what_is_left_was_active_and_what_is_entered_was_not,
    every_state_that_is_entered_was_declared_reachable,
    an_event_that_was_not_handled_changed_nothing,
    timers_and_deadlines_wait_for_active_states_and_none_is_lost,
    whatever_is_waited_for_is_under_way_and_nothing_else_is,
    no_instance_stops_without_calling_a_person,
)


def keep_the_laws(made: Document, steps: Steps) -> None:
    def check(walk: Walk) -> None:
        for law in LAWS:
            law(walk)

    walk = walked(made, steps, check)
    if walk is not None:
        what_was_done_is_undone_once_or_can_still_be_undone(walk)


@many
@given(documents(), STEPS)
def test_every_law_holds_after_every_step(made: Document, steps: Steps) -> None:
    """One walk for all laws, because drawing a chart takes longer than all of them."""
    keep_the_laws(made, steps)


@settings(many, max_examples=300)
@given(SEEDS)
def test_every_law_holds_on_long_walks_through_larger_charts(seed: int) -> None:
    keep_the_laws(*random_course(seed, 30))


class Twice(Walk):
    """Takes every event three times: from memory, from memory with a chart read anew, and from the snapshot's text."""

    def send(self, name: str, /, **data: JSON) -> Twice:
        event = Event(name=name, data=data, source="test")
        results = [self._result(chart, event) for chart in (self.chart, parse(dump(self.chart)))]
        super().send(name, **data)
        for step in results:
            assert step == self.step
            assert to_json(step.snapshot) == to_json(self.step.snapshot)
        return self

    def _result(self, chart: Chart, event: Event) -> Step:
        return transition(chart, self.step.snapshot, event, self.now, self.environment)


@many
@given(SEEDS)
def test_a_step_from_the_text_of_a_snapshot_is_the_step_from_the_snapshot(seed: int) -> None:
    walked(*random_course(seed, 15), lambda walk: None, Twice)


@many
@given(documents())
def test_a_chart_comes_back_from_its_document(made: Document) -> None:
    chart = parse(made)
    assert parse(dump(chart)) == chart
    assert parse(loads(json.dumps(dump(chart)))) == chart


NAMES = st.text(max_size=8) | st.sampled_from(
    ["done.invoke.do_s0", "error.invoke.do_s1", "done.compensation", "error.compensation", "done.compensate", "a"]
)
ODD: list[dict[str, JSON]] = [{"v": 10**30, "invocation": ["x"]}, {"v": "\ud800", "invocation": None}]


@many
@given(documents(), NAMES, st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=3) | st.sampled_from(ODD))
def test_no_event_whatever_its_data_raises_anything_but_a_loop_error(
    made: Document, name: str, data: dict[str, JSON]
) -> None:
    def check(walk: Walk) -> None:
        event = Event(name=name, data=data)
        refusal(LoopError, lambda: transition(walk.chart, walk.snapshot, event, walk.now, walk.environment))

    walked(made, [], check)
