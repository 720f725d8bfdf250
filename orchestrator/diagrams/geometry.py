"""Places and lines, in px with y downwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Drawn = Literal["full", "plain", "collapsed", "list"]


class Rect(NamedTuple):
    """Left, top, width and height."""

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

    def meets(self, other: Rect) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )

    def holds(self, point: Point) -> bool:
        return self.x <= point.x <= self.x + self.w and self.y <= point.y <= self.y + self.h

    def moved(self, dx: float, dy: float) -> Rect:
        return Rect(self.x + dx, self.y + dy, self.w, self.h)

    def distance(self, point: Point) -> float:
        dx = max(self.x - point.x, 0.0, point.x - self.x - self.w)
        dy = max(self.y - point.y, 0.0, point.y - self.y - self.h)
        return dx + dy


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: points of a Bezier spline (one, then three for each piece) and the tip of its arrow."""

    points: tuple[Point, ...]
    tip: Point | None

    @property
    def pieces(self) -> int:
        return (len(self.points) - 1) // 3

    def at(self, share: float) -> Point:
        """The point at this share of the way, counted by pieces."""
        along = min(max(share, 0.0), 1.0) * self.pieces
        piece = min(int(along), self.pieces - 1)
        t = along - piece
        a, b, c, d = self.points[piece * 3 : piece * 3 + 4]
        u = 1 - t
        ka, kb, kc, kd = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        return Point(ka * a.x + kb * b.x + kc * c.x + kd * d.x, ka * a.y + kb * b.y + kc * c.y + kd * d.y)

    def bent(self, move: Callable[[Point, float], Point]) -> Curve:
        """Every point moved; `move` also hears how far along the line it is, from 0 to 1."""
        last = max(1, len(self.points) - 1)
        points = tuple(move(point, i / last) for i, point in enumerate(self.points))
        return Curve(points, move(self.tip, 1.0) if self.tip else None)


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
