"""A drawing can be read and reached without a mouse, and without eyes."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from orchestrator.diagrams.diff import compare
from orchestrator.diagrams.render import Overlay, render_svg
from tests.diagrams.charts import corners, loan_approval, order_fulfilment
from tests.diagrams.watched import CSS, Watched
from tests.support import needs_chromium

pytestmark = needs_chromium
SEEN_FOCUS = "getComputedStyle(document.activeElement.querySelector('.sb-box, .sb-halo')).strokeWidth"
STATES = ("active", "visited", "waiting", "failed", "stuck", "compensated", "selected")


def test_states_and_labels_are_reached_by_keyboard_in_turn_and_say_what_they_are(watched: Watched) -> None:
    page = watched.show(render_svg(loan_approval(), title="Loan, live"), CSS)
    said = page.locator("main").aria_snapshot()
    assert '- group "Loan, live"' in said
    wanted = page.locator("svg [tabindex='0']").count()
    assert wanted == page.get_by_role("button").count() > len(loan_approval().states)
    reached = set()
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
        assert page.evaluate(SEEN_FOCUS) == "3px"
    assert len(reached) == wanted


def drawings() -> str:
    """One drawing of each kind: plain, run, heat, two versions, thumbnail."""
    order = order_fulfilment()
    keys = [*order.states]
    run = {key: f"is-{STATES[i % len(STATES)]}" for i, key in enumerate(keys[:-3])}
    heat = {key: f"heat-{1 + i % 5}" for i, key in enumerate(keys)}
    kinds = ("stuck", "bad", "wait", "act", "")
    badges = {key: ((kinds[i % 5], f"{i + 1}"),) for i, key in enumerate(keys)}
    both = compare(loan_approval(), corners())
    drawn = [
        render_svg(order, prefix="p0"),
        render_svg(order, Overlay(run, badges, "sb-run"), prefix="p1", title="A run"),
        render_svg(order, Overlay(heat, badges), "compact", prefix="p2", title="Heat"),
        render_svg(both.chart, both.overlay, "compact", prefix="p3", title="Two versions"),
        render_svg(order, detail="thumb"),
    ]
    return "".join(drawn)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_barrier_in_any_kind_of_drawing(watched: Watched, theme: str) -> None:
    page = watched.show(drawings(), CSS, theme)
    found = Axe().run(page).response
    bad = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    assert [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in bad] == []
    assert found["passes"]
