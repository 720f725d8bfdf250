"""So many tasks of a DAG run together and so many may fail; each step starts from a snapshot read back from JSON."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.document import DocumentError, dump, parse
from tests.statechart.support import Document, Driver, document
from tests.statechart.test_tasks import running, task

END: Document = {"type": "final"}


def dag(tasks: Document, **limits: object) -> Driver:
    return Driver({"work": {"tasks": tasks, **limits, "onDone": [{"target": "end"}]}, "end": END})


def ends(run: Driver) -> dict[str, str]:
    """The innermost state of each task, without the words before it."""
    return {key.split(".")[1]: key.split(".")[2] for key in run.active if key.startswith("work.")}


def test_no_more_start_than_may_run_together_and_the_first_come_first() -> None:
    run = dag({name: task(name) for name in "abcd"}, maxConcurrency=2)
    assert running(run) == {"a", "b"}
    assert running(run.answer("b")) == {"a", "c"}
    assert running(run.answer("a")) == {"c", "d"}
    assert run.answer("c").answer("d").status == "completed"


def test_two_that_become_ready_in_one_micro_step_do_not_both_start() -> None:
    run = dag({"a": task("a"), "b": task("b", "a"), "c": task("c", "a")}, maxConcurrency=1)
    assert running(run.answer("a")) == {"b"}
    assert ends(run) == {"a": "done", "b": "running", "c": "ready"}


def test_one_that_was_ready_goes_before_one_that_only_becomes_it() -> None:
    run = dag({"a": task("a"), "b": task("b", "a"), "c": task("c")}, maxConcurrency=1)
    assert running(run.answer("a")) == {"c"}
    assert running(run.answer("c")) == {"b"}


def test_a_tolerated_failure_ends_its_task_and_those_after_it_are_skipped() -> None:
    tasks = {"a": task("a"), "b": task("b", "a"), "c": task("c", "b"), "d": task("d")}
    run = dag(tasks, toleratedFailures=1).failure("a")
    assert (run.status, ends(run)) == ("running", {"a": "failed", "b": "skipped", "c": "skipped", "d": "running"})
    assert run.incidents == []
    assert run.answer("d").status == "completed"


def test_one_failure_too_many_fails_the_instance_and_a_retry_goes_on() -> None:
    run = dag({"a": task("a"), "b": task("b"), "c": task("c", "b")}, toleratedFailures=1).failure("a").failure("b")
    assert (run.status, ends(run)) == ("failed", {"a": "failed", "b": "running", "c": "waiting"})
    assert [incident.kind for incident in run.incidents] == ["activity-failed"]
    assert run.resume().answer("b").answer("c").status == "completed"


def test_a_failure_makes_room_for_the_next() -> None:
    run = dag({"a": task("a"), "b": task("b")}, maxConcurrency=1, toleratedFailures=1)
    assert running(run.failure("a")) == {"b"}


@pytest.mark.parametrize(("policy", "then"), [("skip", "done"), ("escalate", "running")])
def test_a_task_that_says_what_its_failure_leads_to_is_not_tolerated(policy: str, then: str) -> None:
    tasks = {"a": task("a", onFailure={"policy": policy}), "b": task("b"), "c": task("c")}
    run = dag(tasks, toleratedFailures=1).failure("a")
    assert ends(run) == {"a": then, "b": "running", "c": "running"}
    assert ends(run.failure("b"))["b"] == "failed"


def test_a_guard_after_the_tasks_can_ask_which_of_them_failed() -> None:
    ways = [{"target": "mend", "guard": "In('work.a.failed')"}, {"target": "end"}]
    states: Document = {
        "work": {"tasks": {"a": task("a")}, "toleratedFailures": 1, "onDone": ways},
        "mend": END,
        "end": END,
    }
    assert Driver(states).failure("a").active == {"mend"}
    assert Driver(states).answer("a").active == {"end"}


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"maxConcurrency": 0}, "work/maxConcurrency: must be between 1 and 100"),
        ({"maxConcurrency": 101}, "must be between 1 and 100"),
        ({"maxConcurrency": 1.5}, "must be a whole number"),
        ({"maxConcurrency": None}, "must be a number"),
        ({"toleratedFailures": -1}, "work/toleratedFailures: must be between 0 and 100"),
        ({"toleratedFailures": True}, "must be a number"),
        ({"max_concurrency": 1}, "no such key"),
        ({"tasks": {}, "maxConcurrency": 1}, "work/maxConcurrency: belongs to a state with tasks"),
        ({"tasks": None, "toleratedFailures": 0}, "work/toleratedFailures: belongs to a state with tasks"),
        ({"tasks": {"a": {**task("a"), "maxConcurrency": 1}}}, "a task has no such key"),
        ({"tasks": {f"{'n' * 60}{n}": task("t") for n in range(40)}, "maxConcurrency": 1}, "shorter names"),
        ({"tasks": {f"{'n' * 60}{n}": task("t") for n in range(40)}, "toleratedFailures": 1}, "shorter names"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(state: Document, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        parse(document({"work": {"tasks": {"a": task("a")}, **state}}))


def test_a_hundred_tasks_fit_both_limits() -> None:
    run = dag({f"task_{n}": task(f"{n}") for n in range(100)}, maxConcurrency=3, toleratedFailures=99)
    assert running(run.failure("0")) == {"1", "2", "3"}


class Model:
    """What should happen, told without a statechart: who is ready, runs, is done, failed or is skipped."""

    def __init__(self, tasks: Document, most: int, tolerated: int) -> None:
        self.after = {name: set(given.get("after", ())) for name, given in tasks.items()}
        self.most, self.tolerated = most, tolerated
        self.state = dict.fromkeys(tasks, "waiting")
        self.settle()

    def of(self, *states: str) -> list[str]:
        return [name for name, state in self.state.items() if state in states]

    def end(self, name: str, how: str) -> None:
        self.state[name] = how
        self.settle()

    def settle(self) -> None:
        """Those that were ready take the free places first, then those that have just become it."""
        self.start()
        for name in self.of("waiting"):
            if self.after[name] <= set(self.of("done")):
                self.state[name] = "ready"
        self.start()
        while lost := [n for n in self.of("waiting") if self.after[n] & set(self.of("failed", "skipped"))]:
            self.state.update(dict.fromkeys(lost, "skipped"))

    def start(self) -> None:
        for name in self.of("ready")[: self.most - len(self.of("running"))]:
            self.state[name] = "running"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_random_dags_in_random_orders_keep_both_limits(
    edges: list[set[int]], most: int, tolerated: int, seed: int
) -> None:
    dice = Random(seed)
    names = [f"t{n}" for n in range(len(edges))]
    places = dice.sample(names, len(names))  # what comes before in the document need not come before in time
    before = {names[n]: [names[m] for m in sorted(edge) if m < n] for n, edge in enumerate(edges)}
    tasks = {name: task(name, *before[name]) for name in places}
    run, model = dag(tasks, maxConcurrency=most, toleratedFailures=tolerated), Model(tasks, most, tolerated)
    assert parse(dump(run.chart)) == run.chart
    while model.of("running"):
        assert (ends(run), running(run)) == (model.state, set(model.of("running")))
        assert len(running(run)) <= most
        name = dice.choice(model.of("running"))
        if dice.random() < 0.6:
            model.end(name, "done")
            run.answer(name)
        elif len(model.of("failed")) < tolerated:
            model.end(name, "failed")
            run.failure(name)
        else:
            assert run.failure(name).status == "failed"
            run.resume()
    assert run.status == "completed"
    assert set(model.state.values()) <= {"done", "failed", "skipped"}
