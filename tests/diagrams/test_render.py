from __future__ import annotations

import pytest

from orchestrator.diagrams import layout
from orchestrator.diagrams.measure import TITLE, width
from orchestrator.diagrams.render import Detail, Overlay, render_svg
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse as parse_document
from tests.diagrams.charts import activity, chart, corners, loan_approval, order_fulfilment, state, way
from tests.diagrams.support import SVG, by_ref, groups, ids, name, parse, refs, words

CHARTS = [order_fulfilment(), loan_approval(), corners()]
BOX = f"{SVG}rect"


@pytest.mark.parametrize("made", CHARTS, ids=lambda made: made.id)
@pytest.mark.parametrize("detail", ["full", "compact", "thumb"])
def test_every_state_and_transition_is_in_the_picture(made: Chart, detail: Detail) -> None:
    expected = set(made.states)
    for each in made.states.values():
        for transition in each.transitions:
            is_drawn = transition.targets or detail != "thumb"
            if is_drawn and all(target in made.states for target in transition.targets):
                expected.add(transition.ref)
    assert refs(render_svg(made, detail=detail)) == expected


@pytest.mark.parametrize("made", CHARTS, ids=lambda made: made.id)
def test_ids_are_unique_also_when_diagrams_share_a_page(made: Chart) -> None:
    together = ids(render_svg(made, prefix="a")) + ids(render_svg(made, detail="compact", prefix="b"))
    together += ids(render_svg(made, detail="thumb")) + ids(render_svg(made, detail="thumb"))
    assert len(together) == len(set(together))


def test_every_symbol_used_is_defined_in_the_same_svg() -> None:
    svg = render_svg(order_fulfilment(), prefix="x")
    used = {use.get("href", "").removeprefix("#") for use in parse(svg).iter(f"{SVG}use")}
    assert used
    assert used <= set(ids(svg))


def test_the_same_chart_is_drawn_the_same_byte_for_byte() -> None:
    first = render_svg(order_fulfilment())
    layout._cache.__init__(entries=256, items=60_000)  # type: ignore[misc]
    assert render_svg(order_fulfilment()) == first


def test_labels_say_event_guard_and_actions() -> None:
    svg = render_svg(order_fulfilment())
    paid = by_ref(svg, "awaiting_payment/on/0", "sb-label")
    assert words(paid) == ["payment.captured", "[event.amount >=", "context.total]", "/ paidAt = now"]
    expected = "payment.captured [event.amount >= context.total] / paidAt = now: Awaiting payment to Fulfilment"
    assert name(paid) == expected


def test_the_limits_of_tasks_are_told_in_words() -> None:
    task = {"kind": "python", "input": {"callable": "x"}}
    state = {"tasks": {"a": task, "b": task}, "maxConcurrency": 2, "toleratedFailures": 1}
    svg = render_svg(parse_document({"signalbox": 1, "id": "m", "states": {"work": state}}))
    assert words(by_ref(svg, "work", "sb-tasks")) == ["Work", "2 at a time", "1 may fail"]


def test_compact_labels_keep_the_event_alone() -> None:
    svg = render_svg(order_fulfilment(), detail="compact")
    assert words(by_ref(svg, "awaiting_payment/on/0", "sb-label")) == ["payment.captured"]
    assert words(by_ref(svg, "awaiting_payment", "sb-state")) == ["Awaiting payment"]


@pytest.mark.parametrize(
    ("ref", "css", "text"),
    [
        ("awaiting_payment/on/0", "sb-event", "payment.captured"),
        ("awaiting_payment/after/0", "sb-timeout", "after 30 min"),
        ("fulfilment/onDone/0", "sb-done", "done"),
        ("label_requested/invoke/0/onDone/0", "sb-done", "done"),
        ("label_requested/invoke/0/onFailure", "sb-error", "failed"),
    ],
)
def test_each_kind_of_transition_has_its_class_and_words(ref: str, css: str, text: str) -> None:
    svg = render_svg(order_fulfilment())
    assert words(by_ref(svg, ref, "sb-label"))[0] == text
    assert css in by_ref(svg, ref, "sb-edge").get("class", "").split()
    assert css in by_ref(svg, ref, "sb-label").get("class", "").split()


def test_a_compensating_transition_is_marked() -> None:
    svg = render_svg(order_fulfilment())
    marked = {edge.get("data-ref") for edge in groups(svg, "sb-compensates") if "sb-edge" in edge.get("class", "")}
    assert marked == {"fulfilment/on/0", "backordered/after/0"}


def test_results_name_their_activity_only_when_there_are_several() -> None:
    two = (activity("a", "Charge card"), activity("a", "Print label", nth=1))
    made = chart(
        "Two",
        "a",
        state("a", "A", way("invoke/1/onDone", "", "b"), way("invoke/1/onFailure", "", "b"), activities=two),
        state("b", "B"),
    )
    svg = render_svg(made)
    assert words(by_ref(svg, "a/invoke/1/onDone/0", "sb-label")) == ["Print label done"]
    assert words(by_ref(svg, "a/invoke/1/onFailure", "sb-label")) == ["Print label failed"]


def test_states_show_activities_attempts_compensation_and_time_expected() -> None:
    svg = render_svg(order_fulfilment())
    assert words(by_ref(svg, "awaiting_payment", "sb-state")) == ["Awaiting payment", "Charge card ×5", "Refund card"]
    picking = by_ref(svg, "picking", "sb-state")
    assert words(picking) == ["Picking", "Pick items", "expected within 4 h"]
    assert [use.get("href") for use in picking.iter(f"{SVG}use")] == ["#d--hand", "#d--hourglass"]
    assert name(picking) == "Picking, atomic state, Pick items, expected within 4 h"


def test_types_have_their_classes() -> None:
    svg = render_svg(order_fulfilment())
    kinds = {"fulfilment": "sb-parallel", "warehouse": "sb-region", "shipping": "sb-compound"}
    for key, css in kinds.items():
        assert css in by_ref(svg, key, "sb-cluster").get("class", "").split()
    assert "sb-final" in by_ref(svg, "completed", "sb-state").get("class", "").split()
    history = by_ref(render_svg(corners()), "back", "sb-state")
    assert words(history) == ["H*"]
    assert "sb-history" in history.get("class", "").split()


def test_regions_are_divided_by_one_dashed_line() -> None:
    fulfilment = by_ref(render_svg(order_fulfilment()), "fulfilment", "sb-cluster")
    assert [path.get("class") for path in fulfilment.iter(f"{SVG}path")].count("sb-divider") == 1


def test_a_transition_without_target_is_a_line_of_text_in_its_state() -> None:
    svg = render_svg(loan_approval())
    [box] = [rect for rect in by_ref(svg, "manual", "sb-state").iter(BOX) if rect.get("class") == "sb-box"]
    left, right = float(box.get("x", 0)), float(box.get("x", 0)) + float(box.get("width", 0))
    [row] = [group for group in parse(svg).iter(f"{SVG}g") if group.get("data-ref") == "manual/on/2"]
    texts = list(row.iter(f"{SVG}text"))
    assert [text.text for text in texts] == ["note.added", "/ notes = context.notes + 1"]
    assert all(left < float(text.get("x", 0)) < right for text in texts)


def test_a_transition_to_several_states_forks_into_a_line_to_each_under_one_reference() -> None:
    svg = render_svg(corners())
    lines = [edge for edge in groups(svg, "sb-edge") if edge.get("data-ref") == "second/on/1"]
    assert [line.get("id") for line in lines] == ["d-second/on/1", "d-second/on/1~1", "d-second/on/1~2"]


def test_a_transition_to_an_unknown_state_is_left_out() -> None:
    assert "work/on/4" not in refs(render_svg(corners()))


def test_an_empty_chart_is_an_empty_picture() -> None:
    assert refs(render_svg(chart("Empty", None))) == set()


def test_a_chart_with_one_state_and_an_unknown_initial_state_is_drawn() -> None:
    assert refs(render_svg(chart("One", "nowhere", state("a", "A")))) == {"a"}


def test_an_overlay_adds_classes_and_badges_and_moves_nothing() -> None:
    plain = render_svg(order_fulfilment())
    held = len(layout._cache)
    overlay = Overlay(
        classes={"picking": "is-active is-stuck", "reserving/on/0": "is-taken", "shipping": "is-visited"},
        badges={"picking": (("stuck", "6 h 12 min"),), "reserving/on/0": (("act", "12"),), "unknown": (("bad", "1"),)},
        quiet="sb-run",
    )
    svg = render_svg(order_fulfilment(), overlay)
    assert len(layout._cache) == held
    assert by_ref(svg, "picking", "sb-state").get("class") == "sb-state sb-atomic is-active is-stuck"
    assert by_ref(svg, "reserving/on/0", "sb-edge").get("class") == "sb-edge sb-event is-taken"
    assert by_ref(svg, "reserving/on/0", "sb-label").get("class", "").endswith("is-taken")
    assert parse(svg).get("class") == "sb-diagram sb-run"
    assert [words(badge) for badge in groups(svg, "sb-badge")] == [["6 h 12 min"], ["12"]]
    assert "6 h 12 min" in name(by_ref(svg, "picking", "sb-state"))
    assert classed(plain) == classed(svg)


def classed(svg: str) -> list[dict[str, str]]:
    """The boxes of the drawing itself, without those within icons."""
    return [rect.attrib for rect in parse(svg).iter(BOX) if rect.get("class")]


def test_a_compensated_state_is_hatched_with_the_pattern_of_its_own_svg() -> None:
    svg = render_svg(loan_approval(), Overlay(classes={"manual": "is-compensated"}), prefix="p")
    [hatch] = [r for r in by_ref(svg, "manual", "sb-state").iter(BOX) if r.get("class") == "sb-hatch"]
    assert hatch.get("fill") == "url(#p--hatch)"
    assert "p--hatch" in ids(svg)


def test_badges_do_not_cover_each_other() -> None:
    badges = (("act", "1,204"), ("stuck", "37"), ("bad", "2"))
    svg = render_svg(loan_approval(), Overlay(badges={"manual": badges}))
    places = [rect for badge in groups(svg, "sb-badge") for rect in badge.iter(BOX)]
    spots = {(rect.get("x"), rect.get("y")) for rect in places}
    assert len(spots) == 3


def test_a_thumbnail_is_shapes_only_and_hidden_from_readers() -> None:
    svg = render_svg(order_fulfilment(), detail="thumb")
    assert parse(svg).get("aria-hidden") == "true"
    assert words(parse(svg)) == []
    assert ids(svg) == []
    assert "sb-thumb" in parse(svg).get("class", "").split()


def test_a_diagram_names_itself_and_lets_states_and_labels_be_reached() -> None:
    svg = render_svg(loan_approval(), title="Loan, live")
    assert parse(svg).get("aria-label") == "Loan, live"
    for css in ("sb-state", "sb-label"):
        assert all((g.get("role"), g.get("tabindex")) == ("button", "0") for g in groups(svg, css))
    assert all(g.get("aria-hidden") == "true" for g in groups(svg, "sb-edge"))


def test_a_state_with_many_targets_is_laid_out_from_left_to_right() -> None:
    fan = [state(f"s{i}", f"State {i}") for i in range(8)]
    made = chart("Fan", "hub", state("hub", "Hub", *(way("on", f"go.{i}", f"s{i}") for i in range(8))), *fan)
    svg = render_svg(made)
    hub, first = (
        next(r for r in by_ref(svg, key, "sb-state").iter(BOX) if r.get("class") == "sb-box") for key in ("hub", "s0")
    )
    assert float(first.get("x", 0)) > float(hub.get("x", 0)) + float(hub.get("width", 0))


def test_badges_leave_the_title_of_a_narrow_box_free() -> None:
    inner = {"p": {"initial": "q", "states": {"q": {}}, "title": "Publishing"}}
    chart = parse_document({"signalbox": 1, "id": "x", "initial": "p", "states": inner})
    svg = parse(render_svg(chart, Overlay(badges={"p": (("bad", "12"), ("wait", "1"))})))
    title = next(node for node in svg.iter(f"{SVG}text") if node.get("class") == "sb-ctitle")
    end = float(title.get("x", 0)) + width("Publishing", TITLE)
    badges = [node for node in svg.iter(f"{SVG}g") if "sb-badge " in str(node.get("class"))]
    boxes = [group.find(f"{SVG}rect") for group in badges]
    assert len(boxes) == 2
    for box in boxes:
        assert box is not None
        beside = float(box.get("x", 0)) >= end
        above = float(box.get("y", 0)) + 18 <= float(title.get("y", 0)) - 9
        assert beside or above


def test_the_history_of_a_parallel_state_is_no_region() -> None:
    regions = {"a": {}, "b": {}, "h": {"type": "history", "history": "deep", "always": [{"target": ["a", "b"]}]}}
    states = {"p": {"type": "parallel", "states": regions, "on": [{"event": "go", "target": "h"}]}}
    svg = parse(render_svg(parse_document({"signalbox": 1, "id": "x", "initial": "p", "states": states})))
    assert len([node for node in svg.iter() if node.get("class") == "sb-divider"]) == 1
