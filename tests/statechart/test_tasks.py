"""A state that is a DAG of activities becomes regions which wait for one another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.statechart.document import DocumentError, dump, parse
from tests.statechart.support import Document, Driver, chart_of, document


def task(name: str, *after: str, **more: object) -> Document:
    return {"kind": "python", "input": {"callable": name}, **({"after": list(after)} if after else {}), **more}


def etl(**tasks: Document) -> Driver:
    states: Document = {
        "work": {"tasks": {name: given or task(name) for name, given in tasks.items()}, "onDone": [{"target": "end"}]},
        "mended": {},
        "end": {"type": "final"},
    }
    return Driver(states)


def running(run: Driver) -> set[str]:
    return {str(each.input["callable"]) for each in run.activities.values()}


def test_a_task_starts_when_all_that_it_comes_after_are_done() -> None:
    run = etl(a={}, b={}, c=task("c", "a", "b"), d=task("d", "c"))
    assert running(run) == {"a", "b"}
    assert running(run.answer("a")) == {"b"}
    assert running(run.answer("b")) == {"c"}
    assert running(run.answer("c")) == {"d"}
    assert run.answer("d").status == "completed"


def test_what_a_task_gives_back_is_kept_for_the_next() -> None:
    run = etl(a=task("a", result="rows"), b=task("b", "a", input={"callable": "b", "n": "${context.rows.n}"}))
    assert run.answer("a", {"n": 5}).asked("b").input["n"] == 5


def test_a_failure_that_is_caught_leaves_the_whole_dag() -> None:
    run = etl(a=task("a", onFailure={"policy": "catch", "target": "mended"}), b={})
    assert run.failure("a").active == {"mended"}
    assert running(run) == set()


def test_a_skipped_failure_counts_as_done() -> None:
    run = etl(a=task("a", onFailure={"policy": "skip"}), b=task("b", "a"))
    assert running(run.failure("a")) == {"b"}


def test_the_states_of_the_tasks_have_names_of_their_own() -> None:
    chart = chart_of({"work": {"tasks": {"a": task("a"), "b": task("b", "a")}}})
    assert [key for key in chart.states if key.startswith("work.b")] == [
        "work.b",
        "work.b.waiting",
        "work.b.running",
        "work.b.done",
    ]
    assert chart.states["work"].type == "parallel"


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ({"a": task("a", "b"), "b": task("b", "a")}, "wait for one another"),
        ({"a": task("a", "a")}, "wait for one another"),
        ({"a": task("a", "z")}, "no task “z”"),
        ({"a/b": task("a")}, "use letters"),
        ({"a": {**task("a"), "kind": "chart", "chart": {}}}, "no such key"),
        ({"a": {"after": []}}, "is missing"),
        ({f"t{n}": task("t") for n in range(101)}, "at most 100"),
        ({"n" * 80: task("t")}, "too long"),
    ],
)
def test_a_dag_that_makes_no_sense_is_refused(tasks: Document, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        parse(document({"work": {"tasks": tasks}}))


def test_a_state_with_tasks_has_no_states_of_its_own() -> None:
    mixed: list[Document] = [{"states": {"x": {}}}, {"type": "atomic"}]
    for more in mixed:
        with pytest.raises(DocumentError, match="a state with tasks is parallel"):
            parse(document({"work": {"tasks": {"a": task("a")}, **more}}))


def test_a_state_that_has_the_name_of_a_task_s_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"work\.a"):
        parse(document({"work.a": {}, "work": {"tasks": {"a": task("a")}}}))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_tasks_run_in_an_order_that_respects_what_comes_after_what(edges: list[set[int]], random: object) -> None:
    tasks = {f"t{n}": task(f"t{n}", *(f"t{m}" for m in sorted(before) if m < n)) for n, before in enumerate(edges)}
    run = etl(**tasks)
    finished: set[str] = set()
    while run.activities:
        name = random.choice(sorted(running(run)))  # type: ignore[attr-defined]
        assert set(tasks[name].get("after", [])) <= finished
        run.answer(name)
        finished.add(name)
    assert (finished, run.status) == (set(tasks), "completed")
    assert parse(dump(run.chart)) == run.chart
