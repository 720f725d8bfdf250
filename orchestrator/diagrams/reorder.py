"""Regions in document order: where Graphviz placed them otherwise, they change places with all that lies in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from orchestrator.diagrams.geometry import Curve, Layout, Point, Rect
from orchestrator.diagrams.picture import Box, Picture

GAP = 12.0  # px between two regions


def in_document_order(picture: Picture, layout: Layout) -> Layout:
    """The layout with the regions of every parallel state from left to right, or in a wide picture from the top."""
    for box in picture.boxes.values():
        if box.kind == "parallel":
            layout = _ordered(picture, layout, box)
    return layout


def _ordered(picture: Picture, layout: Layout, box: Box) -> Layout:
    across = picture.rankdir == "TB"
    regions = [layout.rects[picture.boxes[child].node] for child in box.children]
    spans = [_span(region, across) for region in regions]
    wanted, begin, end = [], min(low for low, _ in spans), max(high for _, high in spans)
    for low, high in spans:
        wanted.append(begin)
        begin += high - low + GAP
    disjoint = all(a[1] <= b[0] + 1 for a, b in pairwise(sorted(spans)))
    if spans == sorted(spans) or not disjoint or begin - GAP > end + 1:
        return layout
    shifts = [new - low for new, (low, _) in zip(wanted, spans, strict=True)]
    return _moved(layout, list(zip(regions, shifts, strict=True)), across)


def _span(rect: Rect, across: bool) -> tuple[float, float]:
    return (rect.x, rect.x + rect.w) if across else (rect.y, rect.y + rect.h)


def _moved(layout: Layout, moves: list[tuple[Rect, float]], across: bool) -> Layout:
    def shift(point: Point) -> float:
        return next((by for region, by in moves if region.holds(point)), 0.0)

    def rect(place: Rect) -> Rect:
        by = shift(Point(place.x + place.w / 2, place.y + place.h / 2))
        return place.moved(by, 0) if across else place.moved(0, by)

    def curve(line: Curve) -> Curve:
        return line.bent(_bend(shift(line.points[0]), shift(line.tip or line.points[-1]), across))

    return replace(
        layout,
        rects={name: rect(place) for name, place in layout.rects.items()},
        titles={name: rect(place) for name, place in layout.titles.items()},
        curves={name: curve(line) for name, line in layout.curves.items()},
        labels={name: rect(place) for name, place in layout.labels.items()},
    )


def _bend(first: float, last: float, across: bool) -> Callable[[Point, float], Point]:
    """A line whose ends move differently is bent on the way, so that it still meets both."""

    def move(point: Point, along: float) -> Point:
        by = first + (last - first) * along
        return Point(point.x + by, point.y) if across else Point(point.x, point.y + by)

    return move
