"""Where everything lies: DOT out, coordinates in, cached by what determines them, within a time limit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal, NamedTuple

from orchestrator.diagrams.cache import LayoutCache
from orchestrator.diagrams.dot import dot_source
from orchestrator.diagrams.engine import lay_out
from orchestrator.diagrams.errors import DiagramError, LayoutBusy, LayoutFailed
from orchestrator.diagrams.extract import Detail, Link, Picture, extract
from orchestrator.statechart.definition import Chart

SECONDS = 5.0
MARGIN = 12.0  # px around the picture
MOST_ITEMS = 2_500  # boxes and lines; more cannot be laid out in time nor read
REMEMBER_FAILURE = 300.0  # seconds before a chart that was too heavy is tried again

Drawn = Literal["full", "plain", "collapsed"]


class Rect(NamedTuple):
    """Left, top, width and height in px, y downwards."""

    x: float
    y: float
    w: float
    h: float

    def around(self, other: Rect) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.w <= self.x + self.w
            and other.y + other.h <= self.y + self.h
        )


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: points of a Bezier spline (one, then three for each piece) and the tip of its arrow."""

    points: tuple[Point, ...]
    tip: Point | None

    def middle(self) -> Point:
        """The point half way along, by pieces."""
        pieces = (len(self.points) - 1) // 3
        a, b, c, d = self.points[(pieces - 1) // 2 * 3 :][:4]
        if pieces % 2 == 0:
            return d
        return Point((a.x + 3 * b.x + 3 * c.x + d.x) / 8, (a.y + 3 * b.y + 3 * c.y + d.y) / 8)


@dataclass(frozen=True, slots=True)
class Layout:
    """Coordinates by the names the picture gave to Graphviz; `drawn` says how much had to be left out."""

    drawn: Drawn
    width: float
    height: float
    rects: Mapping[str, Rect]
    titles: Mapping[str, Rect]
    curves: Mapping[str, Curve]
    labels: Mapping[str, Rect]

    @property
    def size(self) -> int:
        return len(self.rects) + len(self.curves)


_cache: LayoutCache[Layout] = LayoutCache(entries=256, items=60_000)


def plan(chart: Chart, detail: Detail, seconds: float = SECONDS) -> tuple[Picture, Layout]:
    """The picture and its layout, simplified step by step when the chart is heavy; DiagramError past the limit."""
    deadline = monotonic() + seconds
    for drawn, share in _attempts(chart):
        picture = extract(chart, detail, collapsed=drawn == "collapsed")
        if len(picture.boxes) + len(picture.links) > MOST_ITEMS:
            continue
        left = deadline - monotonic()
        try:
            return picture, _layout(picture, drawn, left * share, seconds)
        except LayoutFailed:
            continue
    mend = "Read it as a list, or group its states into compound states."
    raise DiagramError(f"This machine is too large to draw within {seconds:g} s. {mend}")


def _attempts(chart: Chart) -> Iterator[tuple[Drawn, float]]:
    """Each way of drawing with its share of the time that is left."""
    yield "full", 0.5
    nested = any(state.children for state in chart.states.values())
    yield "plain", 0.6 if nested else 1.0
    if nested:
        yield "collapsed", 1.0


def _layout(picture: Picture, drawn: Drawn, seconds: float, limit: float) -> Layout:
    dot = dot_source(picture, labels=drawn == "full" and picture.detail != "thumb")
    key = hashlib.sha256(f"{drawn} {dot}".encode()).hexdigest()
    if layout := _cache.get(key):
        return layout
    if _cache.failed(key, limit):
        raise LayoutFailed("it was too heavy a moment ago")
    try:
        layout = read(lay_out(dot, max(seconds, 0.05)), picture, drawn)
    except LayoutBusy:
        raise
    except LayoutFailed:
        _cache.fail(key, limit, REMEMBER_FAILURE)
        raise
    _cache.put(key, layout)
    return layout


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)]


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


def read(answer: str, picture: Picture, drawn: Drawn) -> Layout:
    """The coordinates in Graphviz's `json0` answer."""
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
        else:
            rects[name] = frame.centred(item["pos"], float(item["width"]) * 72, float(item["height"]) * 72)
    edges = {edge["id"]: edge for edge in graph.get("edges", []) if edge.get("pos")}
    curves = {name: frame.curve(edge["pos"]) for name, edge in edges.items()}
    links = {link.node: link for link in picture.links}
    labels = {name: _label(frame, edges[name], links[name], curves[name]) for name in edges if name in links}
    return Layout(drawn, x1 - x0 + 2 * MARGIN, y1 - y0 + 2 * MARGIN, rects, titles, curves, labels)


def _label(frame: _Frame, edge: dict[str, Any], link: Link, curve: Curve) -> Rect:
    """Where Graphviz kept room, or without room the middle of the line."""
    if "lp" in edge:
        return frame.centred(edge["lp"], link.width, link.height)
    x, y = curve.middle()
    return Rect(x - link.width / 2, y - link.height / 2, link.width, link.height)
