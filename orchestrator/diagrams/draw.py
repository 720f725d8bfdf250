"""Writes the SVG: boxes and lines where the layout put them, and the words in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from orchestrator.diagrams.badges import Corners
from orchestrator.diagrams.extract import LABEL_GAP, LABEL_PAD, NODE_PAD, Box, Link, Picture
from orchestrator.diagrams.labels import Line
from orchestrator.diagrams.layout import Layout, Rect
from orchestrator.diagrams.measure import MARK, TITLE, width
from orchestrator.diagrams.overlay import Overlay
from orchestrator.diagrams.svg import arrow, curve_data, definitions, esc, icon, num, path, rect, text

BAR = 28  # px, height of a title bar
CLICKABLE = 'tabindex="0" role="button"'


class View(NamedTuple):
    """The part of the drawing that is seen, and the size in px at which it is shown."""

    window: Rect
    width: float
    height: float


@dataclass(slots=True)
class Scene:
    """One drawing in the making."""

    picture: Picture
    layout: Layout
    overlay: Overlay
    prefix: str
    clusters: dict[str, Rect] = field(init=False)
    places: dict[str, Rect] = field(init=False)  # where a badge of this key goes

    def __post_init__(self) -> None:
        boxes = self.picture.boxes
        self.places = {key: self.layout.rects[box.node] for key, box in boxes.items()}
        self.clusters = {key: place for key, place in self.places.items() if boxes[key].children}

    @property
    def thumb(self) -> bool:
        return self.picture.detail == "thumb"

    def attributes(self, key: str, css: str, suffix: str = "") -> str:
        """Identity and classes. A thumbnail has no ids, so that any number of them fit on a page."""
        classes = " ".join(f"{css} {self.overlay.classes.get(key, '')}".split())
        identity = "" if self.thumb else f'id="{esc(f"{self.prefix}-{key}{suffix}")}" '
        return f'{identity}data-ref="{esc(key)}" class="{esc(classes)}"'

    def said(self, key: str, name: str) -> str:
        """The accessible name and tooltip: the thing itself, then what its badges say."""
        if self.thumb:
            return ""
        notes = [words for _, words in self.overlay.badges.get(key, ())]
        return f"<title>{esc(', '.join([name, *notes]))}</title>"

    def icon(self, name: str, x: float, y: float, css: str = "") -> str:
        return icon(self.prefix, name, x, y, css)


def draw(scene: Scene, label: str, view: View | None = None) -> str:
    """The whole `svg.sb-diagram`; `label` names it for screen readers. Without a `view` all is seen at its own size."""
    layout, thumb = scene.layout, scene.thumb
    corners = Corners()
    edges, labels = [_initial(scene, node) for node in scene.layout.curves if node.startswith("i_")], []
    for link in scene.picture.links:
        if link.node in layout.curves:
            edges.append(_edge(scene, link, corners))
            labels.append(_label(scene, link, corners))
    boxes = scene.picture.boxes.values()
    groups = {
        "clusters": [_cluster(scene, box) for box in boxes if box.children],
        "edges": edges,
        "states": [*_dots(scene), *(_state(scene, box) for box in boxes if not box.children)],
        "labels": labels,
        "badges": corners.badges(scene.overlay.badges, scene.places, scene.clusters),
    }
    body = "".join(f'<g class="sb-{name}">{"".join(parts)}</g>' for name, parts in groups.items())
    view = view or View(Rect(0, 0, layout.width, layout.height), layout.width, layout.height)
    seen = " ".join(num(value) for value in view.window)
    size = f'viewBox="{seen}" width="{num(view.width)}" height="{num(view.height)}"'
    role = 'aria-hidden="true"' if thumb else f'role="group" aria-label="{esc(label)}"'
    classes = " ".join(f"sb-diagram {'sb-thumb' if thumb else ''} {scene.overlay.quiet}".split())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{esc(classes)}" data-drawn="{layout.drawn}" {size} {role}>'
        f"{'' if thumb else definitions(scene.prefix)}{body}</svg>"
    )


def _cluster(scene: Scene, box: Box) -> str:
    place = scene.clusters[box.key]
    if box.kind == "region":
        body = _region(scene, box)
    else:
        body = rect("sb-box", place, 4 if scene.thumb else 10) + ("" if scene.thumb else _bar(scene, box, place))
        body += "".join(_dividers(scene, box)) if box.kind == "parallel" else ""
    return _button(scene, box, "sb-cluster", body)


def _button(scene: Scene, box: Box, css: str, body: str) -> str:
    """A state as a named button; in a thumbnail only its shape."""
    extra = "" if scene.thumb else f" {CLICKABLE}"
    return f"<g {scene.attributes(box.key, f'{css} sb-{box.kind}')}{extra}>{scene.said(box.key, box.name)}{body}</g>"


def _region(scene: Scene, box: Box) -> str:
    title = scene.layout.titles.get(box.node)
    body = rect("sb-box", scene.clusters[box.key], 6)
    return body + text("sb-rtitle", title.x + 4, title.y + 13, box.title) if title else body


def _bar(scene: Scene, box: Box, place: Rect) -> str:
    x, y, w, _ = place
    shape = f"M{num(x)} {num(y + BAR)}V{num(y + 10)}a10 10 0 0 1 10-10h{num(w - 20)}a10 10 0 0 1 10 10V{num(y + BAR)}Z"
    parts = [path("sb-bar", shape), scene.icon(box.kind, x + 12, y + 8), text("sb-ctitle", x + 30, y + 18.5, box.title)]
    at = x + 30 + width(box.title, TITLE) + 12
    for mark in box.marks:
        parts.append(_mark(scene, mark, at, y + 18))
        at += width(mark.text, MARK) + 29
    return "".join(parts)


def _mark(scene: Scene, mark: Line, x: float, y: float) -> str:
    return scene.icon(mark.icon or "gear", x, y - 10.2, mark.css) + text(f"sb-sub {mark.css}", x + 17, y, mark.text)


def _dividers(scene: Scene, box: Box) -> Iterator[str]:
    """Dashed lines between the regions, which lie beside each other or one above the other."""
    x, y, w, h = scene.clusters[box.key]
    top = y + (0 if scene.thumb else BAR)
    regions = [scene.places[child] for child in box.children]
    across = sorted(regions, key=lambda region: region.x)
    if all(a.x + a.w <= b.x + 1 for a, b in pairwise(across)):
        for a, b in pairwise(across):
            yield path("sb-divider", f"M{num((a.x + a.w + b.x) / 2)} {num(top)}V{num(y + h)}")
        return
    down = sorted(regions, key=lambda region: region.y)
    for a, b in pairwise(down):
        if a.y + a.h <= b.y + 1:
            yield path("sb-divider", f"M{num(x)} {num((a.y + a.h + b.y) / 2)}H{num(x + w)}")


def _dots(scene: Scene) -> Iterator[str]:
    """Initial dots, and the ports from which a box's own transitions lead into it."""
    for node, place in scene.layout.rects.items():
        x, y = place.x + place.w / 2, place.y + place.h / 2
        if node.startswith("i_"):
            yield f'<circle class="sb-dot" cx="{num(x)}" cy="{num(y)}" r="{3.5 if scene.thumb else 5}"/>'
        elif node.startswith("p_"):
            yield f'<circle class="sb-port" cx="{num(x)}" cy="{num(y)}" r="{2.5 if scene.thumb else 4}"/>'


def _state(scene: Scene, box: Box) -> str:
    place = scene.places[box.key]
    round_ = box.kind in ("final", "history") and not (scene.thumb and box.kind == "history")
    rx = place.h / 2 if round_ else 5 if scene.thumb else 8
    body = rect("sb-box", place, rx)
    if "is-compensated" in scene.overlay.classes.get(box.key, "") and not scene.thumb:
        hatched = rect("sb-hatch", place, rx)
        body += hatched.replace("/>", f' fill="url(#{esc(scene.prefix)}--hatch)"/>')
    if box.kind == "final":
        gap = 2.5 if scene.thumb else 3.5
        body += rect("sb-ring", Rect(place.x + gap, place.y + gap, place.w - 2 * gap, place.h - 2 * gap), rx - gap)
    if not scene.thumb:
        body += _words(scene, box, place)
    return _button(scene, box, "sb-state", body)


def _words(scene: Scene, box: Box, place: Rect) -> str:
    x, y = place.x + NODE_PAD, place.y
    if not box.marks:
        return text("sb-name sb-mid", place.x + place.w / 2, y + place.h / 2 + 4.5, box.title)
    rows = [_mark(scene, mark, x, y + 39 + 16 * i) for i, mark in enumerate(box.marks)]
    return text("sb-name", x, y + 21, box.title) + "".join(rows)


def _initial(scene: Scene, node: str) -> str:
    curve = scene.layout.curves[node]
    return f'<g class="sb-edge sb-initial" aria-hidden="true">{path("sb-line", curve_data(curve))}{arrow(curve)}</g>'


def _suffix(link: Link) -> str:
    """A transition to several targets draws one line for each; only ids need to differ."""
    return f"~{link.nth}" if link.nth else ""


def _edge(scene: Scene, link: Link, corners: Corners) -> str:
    curve = scene.layout.curves[link.node]
    if curve.tip:
        corners.avoid(3, Rect(curve.tip.x - 4, curve.tip.y - 4, 8, 8))
    line = curve_data(curve)
    hit = "" if scene.thumb else path("sb-hit", line)
    attributes = scene.attributes(link.key, f"sb-edge {link.css}", _suffix(link))
    return f'<g {attributes} aria-hidden="true">{hit}{path("sb-line", line)}{arrow(curve)}</g>'


def _label(scene: Scene, link: Link, corners: Corners) -> str:
    if not link.lines:
        return ""
    place = _kept_in(scene, link, scene.layout.labels[link.node])
    scene.places.setdefault(link.key, place)
    corners.avoid(1, Rect(place.x, place.y + 3, place.w, place.h - 6))
    inside = any(cluster.around(place) for cluster in scene.clusters.values())
    css = f"sb-label {link.css} {'sb-in' if inside else ''}"
    attributes = scene.attributes(link.key, css, f"{_suffix(link)}-label")
    body = rect("sb-halo", place, 5)
    for i, (style, sign, words) in enumerate(link.lines):
        x, y = place.x + LABEL_PAD, place.y + 13.5 + 15 * i
        body += scene.icon(sign, x, y - 10.3) if sign else ""
        body += text(style, x + (16 if sign else 0), y, words)
    return f"<g {attributes} {CLICKABLE}>{scene.said(link.key, link.name)}{body}</g>"


def _kept_in(scene: Scene, link: Link, place: Rect) -> Rect:
    """A label may not stick out of the box its transition lives in."""
    x, w = place.x + LABEL_GAP, place.w - 2 * LABEL_GAP
    home = scene.picture.home(link.source, link.target)
    if home:
        around, pad = scene.clusters[home], -10 if scene.picture.boxes[home].kind == "region" else 4
        x = max(min(x, around.x + around.w - w - pad), around.x + pad)
    return Rect(x, place.y, w, place.h)
