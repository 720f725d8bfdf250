"""Labels at their own line: beside it, over nothing else, and inside the box in which the transition lives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.diagrams.geometry import Curve, Point, Rect
from orchestrator.diagrams.picture import Link, Picture

CELL = 64.0  # px
NEAR, GOOD = 6.0, 4.0  # px from its line; a cost at which no other place is looked for
ON_BOX, ON_LABEL, ON_BORDER, ON_LINE, ON_OWN_LINE = 120.0, 120.0, 30.0, 5.0, 6.0
SHARES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
MANY = 120  # lines; above this fewer places are tried
BAR = 28.0


@dataclass(slots=True)
class _Ground:
    """What lies where, by cells."""

    boxes: dict[tuple[int, int], list[Rect]] = field(default_factory=lambda: defaultdict(list))
    labels: dict[tuple[int, int], list[Rect]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[tuple[int, int], list[tuple[Point, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, layer: dict[tuple[int, int], list[Rect]], place: Rect) -> None:
        for cell in _cells(place):
            layer[cell].append(place)

    def cost(self, place: Rect, own: str) -> float:
        cost, cells = 0.0, list(_cells(place))
        cost += ON_BOX * sum(place.meets(other) for other in {box for cell in cells for box in self.boxes[cell]})
        cost += ON_LABEL * sum(place.meets(other) for other in {label for cell in cells for label in self.labels[cell]})
        for cell in cells:
            for point, name in self.lines[cell]:
                if place.holds(point):
                    cost += ON_OWN_LINE if name == own else ON_LINE
        return cost


def _cells(place: Rect) -> Iterator[tuple[int, int]]:
    for column in range(int(place.x // CELL), int((place.x + place.w) // CELL) + 1):
        for row in range(int(place.y // CELL), int((place.y + place.h) // CELL) + 1):
            yield column, row


def _samples(curve: Curve, every: float = 14.0) -> list[Point]:
    length = sum(abs(a.x - b.x) + abs(a.y - b.y) for a, b in zip(curve.points, curve.points[1:], strict=False))
    count = min(200, max(4, int(length / every)))
    return [curve.at(i / count) for i in range(count + 1)]


def place_labels(
    picture: Picture, rects: Mapping[str, Rect], curves: Mapping[str, Curve], labels: Mapping[str, Rect]
) -> dict[str, Rect]:
    """The labels of all links, each moved only when where Graphviz kept room is far from its line or not free."""
    ground, samples = _Ground(), {name: _samples(curve) for name, curve in curves.items()}
    clusters = []
    for box in picture.boxes.values():
        rect = rects[box.node]
        if not box.children:
            ground.add(ground.boxes, rect)
        elif box.kind != "region":
            clusters.append(rect)
            ground.add(ground.boxes, Rect(rect.x, rect.y, rect.w, BAR))
    for name, points in samples.items():
        for point in points:
            ground.lines[int(point.x // CELL), int(point.y // CELL)].append((point, name))
    shares = SHARES if len(curves) <= MANY else SHARES[:3]
    placed = {}
    for link in picture.links:
        if link.node in labels:
            placer = _Placer(ground, clusters, _home(picture, rects, link), samples[link.node], link.node)
            place = placer.best(labels[link.node], curves[link.node], shares)
            ground.add(ground.labels, _ink(place))
            placed[link.node] = place
    return placed


def _home(picture: Picture, rects: Mapping[str, Rect], link: Link) -> Rect | None:
    """Where the label has to stay: the innermost box around both ends."""
    home = picture.home(link.source, link.target)
    if home is None:
        return None
    x, y, w, h = rects[picture.boxes[home].node]
    pad = -6.0 if picture.boxes[home].kind == "region" else 8.0
    return Rect(x + pad - 4, y, w - 2 * pad + 8, h)


def _ink(place: Rect) -> Rect:
    """The part of a label that is written on."""
    return Rect(place.x + 4, place.y + 2, place.w - 8, place.h - 4)


@dataclass(slots=True)
class _Placer:
    ground: _Ground
    clusters: list[Rect]
    home: Rect | None
    points: list[Point]
    own: str

    def best(self, kept: Rect, curve: Curve, shares: Iterable[float]) -> Rect:
        kept = self._within(kept)
        best, least = kept, self.cost(kept)
        if least <= GOOD:
            return best
        for share in shares:
            for spot in _beside(curve.at(share), kept.w, kept.h):
                place = self._within(spot)
                cost = self.cost(place) + abs(share - 0.5) * 4
                if cost < least:
                    best, least = place, cost
            if least <= GOOD:
                break
        return best

    def cost(self, place: Rect) -> float:
        ink = _ink(place)
        far = max(0.0, min(place.distance(point) for point in self.points) - NEAR)
        borders = sum(ink.meets(box) and not box.around(ink) for box in self.clusters)
        return self.ground.cost(ink, self.own) + far * 1.5 + ON_BORDER * borders

    def _within(self, place: Rect) -> Rect:
        if self.home is None:
            return place
        x = max(min(place.x, self.home.x + self.home.w - place.w), self.home.x)
        return Rect(x, place.y, place.w, place.h)


def _beside(point: Point, w: float, h: float) -> tuple[Rect, ...]:
    x, y = point
    return (
        Rect(x, y - h / 2, w, h),
        Rect(x - w, y - h / 2, w, h),
        Rect(x - w / 2, y + 2, w, h),
        Rect(x - w / 2, y - h - 2, w, h),
    )
