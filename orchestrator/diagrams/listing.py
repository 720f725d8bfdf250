"""The last resort: every state as a line of a list, in columns, for a chart that no layout finishes in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, sqrt

from orchestrator.diagrams.extract import extract
from orchestrator.diagrams.geometry import Layout, Rect
from orchestrator.diagrams.measure import TITLE, fit
from orchestrator.diagrams.picture import Box, Detail, Picture
from orchestrator.statechart.definition import Chart

WIDE, HIGH, GAP, INDENT, MARGIN = 220.0, 28.0, 8.0, 14.0, 12.0  # px
DEEPEST = 6  # levels that are indented


def listing(chart: Chart, detail: Detail) -> tuple[Picture, Layout]:
    """All states in document order, each indented by how deep it lies."""
    picture = extract(chart, detail)
    order = [(key, min(depth, DEEPEST)) for key, depth in _walk(picture, picture.roots, 0)]
    rows = max(1, ceil(sqrt(len(order) * (WIDE + GAP) / (HIGH + GAP))))
    boxes, rects = {}, {}
    for nth, (key, depth) in enumerate(order):
        column, row = divmod(nth, rows)
        left = MARGIN + column * (WIDE + 2 * GAP) + depth * INDENT
        place = Rect(left, MARGIN + row * (HIGH + GAP), WIDE - depth * INDENT, HIGH)
        boxes[key] = _line(picture.boxes[key], place)
        rects[boxes[key].node] = place
    width = 2 * MARGIN + ceil(len(order) / rows) * (WIDE + 2 * GAP)
    height = 2 * MARGIN + min(rows, len(order)) * (HIGH + GAP)
    listed = replace(picture, boxes=boxes, links=(), starts={})
    return listed, Layout("list", width, height, rects, {}, {}, {})


def _walk(picture: Picture, keys: tuple[str, ...], depth: int) -> Iterator[tuple[str, int]]:
    for key in keys:
        yield key, depth
        yield from _walk(picture, picture.boxes[key].children, depth + 1)


def _line(box: Box, place: Rect) -> Box:
    kind = box.kind if box.kind in ("final", "history") else "atomic"
    title = fit(box.title, TITLE, place.w - 24)
    return replace(box, kind=kind, title=title, marks=(), rows=(), width=place.w, height=place.h, children=())
