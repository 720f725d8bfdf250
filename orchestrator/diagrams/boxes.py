"""States and the boxes around them: outline, title, marks, and the dashed lines between regions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from orchestrator.diagrams.geometry import Layout, Rect
from orchestrator.diagrams.labels import Line
from orchestrator.diagrams.measure import MARK, REGION, TITLE, fit, width
from orchestrator.diagrams.picture import MARK_LINE, NODE_PAD, Box, Picture
from orchestrator.diagrams.svg import esc, icon, num, path, rect, text

BAR = 28  # px, height of a title bar
PILL = 17.0  # px, the largest radius of a final state


def cluster_body(picture: Picture, layout: Layout, box: Box, prefix: str) -> tuple[str, str]:
    """The outline of a box with others inside, and what is written at its top."""
    place, thumb = layout.rects[box.node], picture.detail == "thumb"
    if box.kind == "region":
        words = "" if thumb else _region(box, layout.titles.get(box.node) or _above(layout, box, place), prefix)
        return rect("sb-box", place, 6), words
    rest = "" if thumb else _bar(box, place, prefix)
    if box.kind == "parallel":
        rest += "".join(_dividers(picture, layout, box))
    return rect("sb-box", place, 4 if thumb else 10), rest


def _above(layout: Layout, box: Box, place: Rect) -> Rect:
    """Where a title goes that stands above its region."""
    return Rect(place.x + 9, layout.rects[f"a_{box.node}"].y, place.w - 9, 16)


def _region(box: Box, title: Rect, prefix: str) -> str:
    words = fit(box.title, REGION, title.w)
    at = title.x + 4 + width(words, REGION) + 12
    return text("sb-rtitle", title.x + 4, title.y + 13, words) + _in_a_row(box.marks, at, title.y + 13, prefix)


def _bar(box: Box, place: Rect, prefix: str) -> str:
    x, y, w, _ = place
    shape = f"M{num(x)} {num(y + BAR)}V{num(y + 10)}a10 10 0 0 1 10-10h{num(w - 20)}a10 10 0 0 1 10 10V{num(y + BAR)}Z"
    title = icon(prefix, box.kind, x + 12, y + 8) + text("sb-ctitle", x + 30, y + 18.5, box.title)
    at = x + 30 + width(box.title, TITLE) + 12
    return path("sb-bar", shape) + title + _in_a_row(box.marks, at, y + 18, prefix)


def _in_a_row(marks: tuple[Line, ...], x: float, y: float, prefix: str) -> str:
    body = ""
    for mark in marks:
        body += _mark(mark, x, y, prefix)
        x += width(mark.text, MARK) + 29
    return body


def _mark(mark: Line, x: float, y: float, prefix: str) -> str:
    sign = icon(prefix, mark.icon or "gear", x, y - 10.2, mark.css)
    return sign + text(f"sb-sub {mark.css}", x + 17, y, mark.text)


def _dividers(picture: Picture, layout: Layout, box: Box) -> Iterator[str]:
    """Dashed lines between the regions, which lie beside each other or one above the other."""
    x, y, w, h = layout.rects[box.node]
    inside = [picture.boxes[child] for child in box.children]
    regions = [layout.rects[child.node] for child in inside if child.kind != "history"]
    top = y + (0 if picture.detail == "thumb" else BAR)
    if box.rows and regions:
        top = min(region.y for region in regions)
    across = sorted(regions, key=lambda region: region.x)
    if all(a.x + a.w <= b.x + 1 for a, b in pairwise(across)):
        for a, b in pairwise(across):
            yield path("sb-divider", f"M{num((a.x + a.w + b.x) / 2)} {num(top)}V{num(y + h)}")
        return
    down = sorted(regions, key=lambda region: region.y)
    for a, b in pairwise(down):
        if a.y + a.h <= b.y + 1:
            yield path("sb-divider", f"M{num(x)} {num((a.y + a.h + b.y) / 2)}H{num(x + w)}")


def state_body(box: Box, place: Rect, prefix: str, thumb: bool) -> tuple[str, str, str]:
    """The outline of a state, the hatch over it, and what is written in it."""
    rx = _radius(box, place, thumb)
    outline, hatch = rect("sb-box", place, rx), ""
    if not thumb:
        hatch = rect("sb-hatch", place, rx).replace("/>", f' fill="url(#{esc(prefix)}--hatch)"/>')
    body = ""
    if box.kind == "final":
        gap = 2.5 if thumb else 3.5
        body = rect("sb-ring", Rect(place.x + gap, place.y + gap, place.w - 2 * gap, place.h - 2 * gap), rx - gap)
    return outline, hatch, body if thumb else body + _words(box, place, prefix)


def _radius(box: Box, place: Rect, thumb: bool) -> float:
    if box.kind == "final" or (box.kind == "history" and not thumb):
        return min(place.h / 2, PILL)
    return 5 if thumb else 8


def _words(box: Box, place: Rect, prefix: str) -> str:
    x, y = place.x + NODE_PAD, place.y
    if not box.marks and not box.rows:
        return text("sb-name sb-mid", place.x + place.w / 2, y + place.h / 2 + 4.5, box.title)
    rows = [_mark(mark, x, y + 39 + MARK_LINE * i, prefix) for i, mark in enumerate(box.marks)]
    return text("sb-name", x, y + 21, box.title) + "".join(rows)
