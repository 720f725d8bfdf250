"""What people type reaches neither Graphviz nor the markup."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache

import pytest

from orchestrator.diagrams.diff import compare
from orchestrator.diagrams.dot import dot_source
from orchestrator.diagrams.extract import extract
from orchestrator.diagrams.listing import listing
from orchestrator.diagrams.parts import drawing
from orchestrator.diagrams.picture import Detail
from orchestrator.diagrams.render import Overlay, render_png, render_svg
from orchestrator.statechart import definition
from tests.diagrams.allowed import attribute, faults, readable
from tests.diagrams.hostile import drawn, holders, hostile, laid_over
from tests.diagrams.payloads import KINDS, PAYLOADS
from tests.diagrams.support import parse, refs

DETAILS: tuple[Detail, ...] = ("full", "compact", "thumb")
PAINTED = PAYLOADS[:: len(PAYLOADS) // 14]  # painting takes longer than drawing
by_kind = pytest.mark.parametrize("kind", KINDS)


@cache
def shape(text: str, detail: Detail, collapsed: bool = False, labels: bool = True) -> str:
    """The DOT text for the chart whose texts are all this one, without its numbers."""
    dot = dot_source(extract(hostile(text), detail, collapsed), labels)
    assert dot.isascii()
    return re.sub(r"\d[\d.]*", "0", dot)


def test_the_hostile_chart_holds_its_text_wherever_a_chart_can_hold_any() -> None:
    classes = [value for value in vars(definition).values() if isinstance(value, type) and is_dataclass(value)]
    could = {
        (made.__name__, field.name)
        for made in classes
        for field in fields(made)
        if re.search(r"\b(str|JSON)\b", str(field.type)) and field.init
    }
    assert could - set(holders(hostile("<text>"), "<text>")) == set()


def test_there_are_hundreds_of_payloads() -> None:
    assert len(PAYLOADS) >= 300


@by_kind
@pytest.mark.parametrize("detail", DETAILS)
def test_only_numbers_reach_graphviz(kind: str, detail: Detail) -> None:
    for payload in KINDS[kind]:
        assert shape(payload, detail) == shape("harmless", detail), repr(payload)


@by_kind
def test_only_numbers_reach_graphviz_for_closed_boxes_and_without_room_for_labels(kind: str) -> None:
    for payload in KINDS[kind][::3]:
        for collapsed in (False, True):
            made, harmless = (shape(text, "compact", collapsed, labels=False) for text in (payload, "harmless"))
            assert made == harmless, repr(payload)


@by_kind
def test_a_drawing_of_hostile_texts_keeps_to_its_elements_and_attributes(kind: str) -> None:
    for payload in KINDS[kind]:
        svg = drawn(payload)
        assert faults(svg) == [], repr(payload)
        root = parse(svg)
        assert (root[0].text, root.get("aria-label")) == (readable(payload), attribute(payload))
        wanted = {attribute(f"{letter}{payload}") for letter in "abchpqrst"}
        assert wanted | {attribute(f"a{payload}/on/0")} <= refs(svg), repr(payload)


@by_kind
def test_a_thumbnail_and_a_list_of_hostile_texts_keep_to_theirs(kind: str) -> None:
    for payload in KINDS[kind]:
        chart = hostile(payload)
        assert faults(render_svg(chart, laid_over(payload), "thumb", title=payload)) == [], repr(payload)
        listed = drawing(*listing(chart, "full"), "d").svg(laid_over(payload), payload)
        assert faults(listed) == [], repr(payload)


@by_kind
def test_two_hostile_versions_on_one_drawing_keep_to_its_elements_attributes_and_classes(kind: str) -> None:
    texts = KINDS[kind]
    for before, after in zip(texts[::2], [*texts[1::2], "harmless"], strict=False):
        made = compare(hostile(before, inner=False), hostile(after, inner=False))
        svg = render_svg(made.chart, made.overlay, "compact", title=after)
        assert faults(svg, own_classes=True) == [], repr((before, after))
        assert {attribute(f"a{text}/on/0") for text in (before, after)} <= refs(svg)


def test_the_prefix_of_ids_is_escaped_wherever_it_stands() -> None:
    for payload in PAYLOADS[::2]:
        svg = render_svg(hostile("a", inner=False), detail="compact", prefix=payload)
        for element in parse(svg).iter():
            start = attribute(payload)
            assert element.get("id", start).startswith(start)
            assert element.get("href", f"#{start}--").startswith(f"#{start}--")


@pytest.mark.parametrize("payload", PAINTED)
def test_a_picture_for_mail_can_be_painted_of_any_text(payload: str) -> None:
    badges = {f"a{payload}": (("stuck", payload),)}
    assert render_png(hostile(payload), Overlay(badges=badges, quiet="sb-run")).startswith(b"\x89PNG")
