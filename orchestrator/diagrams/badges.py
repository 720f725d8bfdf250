"""Finds a corner for each badge: the one that hides no arrow head, label or other badge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.diagrams.geometry import Rect
from orchestrator.diagrams.measure import BADGE, fit, tabular_width
from orchestrator.diagrams.overlay import Badge
from orchestrator.diagrams.svg import esc, held, num

HEIGHT, WIDEST = 18, 150  # px


class Corners:
    """What badges should not cover, each with how much it matters."""

    def __init__(self, taken: Iterable[tuple[int, Rect]] = ()) -> None:
        self._taken = list(taken)

    def avoid(self, weight: int, place: Rect) -> None:
        self._taken.append((weight, place))

    def badges(
        self, badges: Mapping[str, tuple[Badge, ...]], places: Mapping[str, Rect], clusters: Mapping[str, Rect]
    ) -> list[str]:
        """The markup of all badges whose key is in the picture."""
        return [
            self._badge(css, words, places[key], key in clusters)
            for key, items in badges.items()
            if key in places
            for css, words in items
        ]

    def _badge(self, css: str, words: str, place: Rect, in_bar: bool) -> str:
        words = fit(words, BADGE, WIDEST)
        w = max(HEIGHT, tabular_width(words, BADGE) + 14)
        spots = [*(self._in_bar(place, w) if in_bar else ()), *self._corners(place, w)]
        best = min(spots, key=lambda spot: self._hidden(spot) + spots.index(spot) * 0.5)
        self.avoid(9, best)
        box = f'x="{num(best.x)}" y="{num(best.y)}" width="{num(w)}" height="{HEIGHT}" rx="9"'
        label = f'<text x="{num(best.x + w / 2)}" y="{num(best.y + 12.9)}"{held(words, BADGE)}>{esc(words)}</text>'
        return f'<g class="sb-badge {esc(css)}"><rect {box}/>{label}</g>'

    def _in_bar(self, place: Rect, w: float) -> list[Rect]:
        right = place.x + place.w - 8
        return [Rect(right - (i + 1) * (w + 4) + 4, place.y + 5, w, HEIGHT) for i in range(4)]

    def _corners(self, place: Rect, w: float) -> list[Rect]:
        over = min(w - 12, 26)
        left, right = place.x - over, place.x + place.w - w + over
        top, bottom = place.y - 11, place.y + place.h - 7
        return [Rect(x, y, w, HEIGHT) for x, y in ((right, top), (right, bottom), (left, top), (left, bottom))]

    def _hidden(self, spot: Rect) -> int:
        return sum(weight for weight, taken in self._taken if spot.meets(taken))
