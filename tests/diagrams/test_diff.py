"""Two versions on one diagram: what was added, removed and changed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.diagrams.diff import Change, compare
from orchestrator.diagrams.render import render_svg
from orchestrator.statechart.document import parse
from tests.diagrams.support import by_ref, refs
from tests.diagrams.support import parse as parse_svg
from tests.formats.charts import seeded
from tests.statechart.support import Document, chart_of, on

BEFORE: Document = {
    "draft": {"on": [on("submit", "review"), on("drop", "dropped")]},
    "review": {"on": [on("accept", "done", guard="context.n > 1")], "after": [{"delay": "PT1H", "target": "draft"}]},
    "dropped": {"type": "final"},
    "done": {"type": "final"},
}
AFTER: Document = {
    "draft": {"on": [on("submit", "review")]},
    "review": {
        "title": "Four eyes",
        "on": [on("accept", "done", guard="context.n > 2")],
        "after": [{"delay": "PT2H", "target": "draft"}],
    },
    "held": {"on": [on("release", "review")]},
    "done": {"type": "final"},
}


def test_every_change_is_named_in_document_order() -> None:
    found = compare(chart_of(BEFORE, context={"n": 0}), chart_of(AFTER, context={"n": 0})).changes
    assert [(change.key, change.fate, change.fields) for change in found] == [
        ("draft/on/1~removed", "removed", ()),
        ("review", "changed", ("title",)),
        ("review/on/0", "changed", ("guard",)),
        ("review/after/0", "changed", ("delay",)),
        ("dropped", "removed", ()),
        ("held", "added", ()),
        ("held/on/0", "added", ()),
    ]


def test_what_is_gone_is_drawn_beside_what_is_there() -> None:
    made = compare(chart_of(BEFORE, context={"n": 0}), chart_of(AFTER, context={"n": 0}))
    svg = render_svg(made.chart, made.overlay)
    assert {"dropped", "held", "draft/on/1~removed"} <= refs(svg)
    for key, css in {"dropped": "is-removed", "held": "is-added", "review": "is-changed"}.items():
        assert css in by_ref(svg, key, "sb-state").get("class", "").split()
    assert "is-" not in by_ref(svg, "done", "sb-state").get("class", "")
    assert "sb-diffing" in parse_svg(svg).get("class", "").split()


def test_a_change_of_the_chart_itself_has_no_key() -> None:
    before, after = chart_of(BEFORE, context={"n": 0}), chart_of(BEFORE, context={"n": 1})
    assert compare(before, after).changes == (Change("", "changed", "Test", ("context",)),)


def test_equal_charts_do_not_differ() -> None:
    assert compare(chart_of(BEFORE, context={"n": 0}), chart_of(BEFORE, context={"n": 0})).changes == ()


def test_a_transition_that_moved_within_its_state_is_not_changed() -> None:
    turned = {**BEFORE, "draft": {"on": list(reversed(BEFORE["draft"]["on"]))}}
    assert compare(chart_of(BEFORE, context={"n": 0}), chart_of(turned, context={"n": 0})).changes == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_all_of_both_versions_is_on_the_diagram(one: int, other: int) -> None:
    before, after = parse(seeded(one)), parse(seeded(other))
    made = compare(before, after)
    assert set(made.chart.states) == {*before.states, *after.states}
    assert {change.key for change in made.changes if change.fate == "added"} >= set(after.states) - set(before.states)
    assert compare(after, after).changes == ()
