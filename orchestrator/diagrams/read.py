"""Reads the coordinates in Graphviz's `json0` answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.diagrams.geometry import Curve, Drawn, Layout, Point, Rect
from orchestrator.diagrams.picture import Picture, label_size
from orchestrator.diagrams.placing import place_labels
from orchestrator.diagrams.reorder import in_document_order

MARGIN = 12.0  # px around the picture
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def read(answer: str, picture: Picture, drawn: Drawn) -> Layout:
    """The layout in the answer, with regions in document order and labels at their lines."""
    graph: dict[str, Any] = json.loads(answer)
    x0, y0, x1, y1 = _numbers(graph["bb"])
    frame = _Frame(x0, y1)
    rects: dict[str, Rect] = {}
    titles: dict[str, Rect] = {}
    for item in graph.get("objects", []):
        name = item["name"].removeprefix("cluster_")
        if "bb" in item:
            rects[name] = frame.box(item["bb"])
            if "lp" in item:
                titles[name] = frame.centred(item["lp"], float(item["lwidth"]) * 72, float(item["lheight"]) * 72)
        elif "pos" in item:
            rects[name] = frame.centred(item["pos"], float(item["width"]) * 72, float(item["height"]) * 72)
    edges = {edge["id"]: edge for edge in graph.get("edges", []) if edge.get("pos") and "id" in edge}
    curves = {name: frame.curve(edge["pos"]) for name, edge in edges.items()}
    labels = dict(_labels(frame, picture, edges, curves))
    layout = Layout(drawn, x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN, rects, titles, curves, labels)
    layout = in_document_order(picture, layout)
    placed = place_labels(picture, layout.rects, layout.curves, layout.labels)
    return _grown(layout, {**layout.labels, **placed})


def _labels(
    frame: _Frame, picture: Picture, edges: dict[str, Any], curves: dict[str, Curve]
) -> Iterator[tuple[str, Rect]]:
    """Where Graphviz kept room, or without room the middle of the line."""
    sizes = {link.node: link.size for link in picture.links if link.lines}
    sizes |= {f"i_{node}": label_size(start.lines) for node, start in picture.starts.items() if start.lines}
    for name, (w, h) in sizes.items():
        if name in edges and "lp" in edges[name]:
            yield name, frame.centred(edges[name]["lp"], w, h)
        elif name in curves:
            x, y = curves[name].at(0.5)
            yield name, Rect(x - w / 2, y - h / 2, w, h)


def _grown(layout: Layout, labels: dict[str, Rect]) -> Layout:
    """The picture is as large as its labels need; nothing lies left of it or above."""
    left = min([0.0, *(place.x for place in labels.values())])
    top = min([0.0, *(place.y for place in labels.values())])
    right = max([layout.width, *(place.x + place.w for place in labels.values())])
    bottom = max([layout.height, *(place.y + place.h for place in labels.values())])
    if left == 0.0 and top == 0.0:
        return Layout(layout.drawn, right, bottom, layout.rects, layout.titles, layout.curves, labels)
    return Layout(
        layout.drawn,
        right - left,
        bottom - top,
        _all_moved(layout.rects, -left, -top),
        _all_moved(layout.titles, -left, -top),
        {name: curve.bent(lambda p, _: Point(p.x - left, p.y - top)) for name, curve in layout.curves.items()},
        _all_moved(labels, -left, -top),
    )


def _all_moved(places: Mapping[str, Rect], dx: float, dy: float) -> dict[str, Rect]:
    return {name: place.moved(dx, dy) for name, place in places.items()}


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Graphviz counts y upwards from a corner of its own; we count downwards from ours."""

    left: float
    top: float

    def point(self, x: float, y: float) -> Point:
        return Point(x - self.left + MARGIN, self.top - y + MARGIN)

    def box(self, text: str) -> Rect:
        x0, y0, x1, y1 = _numbers(text)
        return Rect(*self.point(x0, y1), x1 - x0, y1 - y0)

    def centred(self, text: str, w: float, h: float) -> Rect:
        x, y = self.point(*_numbers(text))
        return Rect(x - w / 2, y - h / 2, w, h)

    def curve(self, text: str) -> Curve:
        tips, points = [], []
        for word in text.replace(";", " ").split():
            x, y = _numbers(word)
            if word[0] == "e":
                tips.append(self.point(x, y))
            elif word[0] != "s":
                points.append(self.point(x, y))
        return Curve(tuple(points), tips[0] if tips else None)
