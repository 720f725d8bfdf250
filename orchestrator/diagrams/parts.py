"""The fixed parts of a drawing: boxes and lines where the layout put them, and the words in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.diagrams.boxes import cluster_body, state_body
from orchestrator.diagrams.draw import CLICKABLE, Drawing, Part
from orchestrator.diagrams.geometry import Layout, Rect
from orchestrator.diagrams.labels import Line
from orchestrator.diagrams.measure import TITLE, width
from orchestrator.diagrams.picture import LABEL_GAP, LABEL_PAD, LINE, ROW_GAP, Box, Link, Picture, Row
from orchestrator.diagrams.svg import arrow, curve_data, definitions, esc, icon, path, rect, text


def drawing(picture: Picture, layout: Layout, prefix: str) -> Drawing:
    """All of the drawing that no overlay changes."""
    return _Painter(picture, layout, prefix).drawing()


@dataclass(slots=True)
class _Painter:
    picture: Picture
    layout: Layout
    prefix: str
    places: dict[str, Rect] = field(init=False)  # where a badge of this key goes
    clusters: dict[str, Rect] = field(init=False)
    taken: list[tuple[int, Rect]] = field(default_factory=list)

    def __post_init__(self) -> None:
        boxes = self.picture.boxes
        self.places = {key: self.layout.rects[box.node] for key, box in boxes.items()}
        self.clusters = {key: place for key, place in self.places.items() if boxes[key].children}

    @property
    def thumb(self) -> bool:
        return self.picture.detail == "thumb"

    def drawing(self) -> Drawing:
        boxes = self.picture.boxes.values()
        edges, labels = list(self._starts()), list(self._start_labels())
        for link in self.picture.links:
            if link.node in self.layout.curves:
                edges.append(self._edge(link))
                labels += self._label(link)
        labels += [part for box in boxes for part in self._rows(box)]
        groups = {
            "clusters": tuple(self._cluster(box) for box in boxes if box.children),
            "edges": tuple(edges),
            "states": (self._dots(), *(self._state(box) for box in boxes if not box.children)),
            "labels": tuple(labels),
        }
        symbols = "" if self.thumb else definitions(self.prefix)
        taken = tuple(self.taken)
        return Drawing(self.picture, self.layout, self.prefix, groups, self.places, self.clusters, taken, symbols)

    def _start(self, key: str, css: str, suffix: str = "") -> str:
        """Identity and classes. A thumbnail has no ids, so that any number of them fit on a page."""
        identity = "" if self.thumb else f'id="{esc(f"{self.prefix}-{key}{suffix}")}" '
        return f'<g {identity}data-ref="{esc(key)}" class="{css}'

    def _button(self, key: str, css: str, name: str, box: str, rest: str, suffix: str = "", hatch: str = "") -> Part:
        """A thing with a name that can be reached and chosen; in a thumbnail only its shape."""
        start = self._start(key, css, suffix)
        if self.thumb:
            return Part(key, start, '">', box, "", f"{rest}</g>")
        return Part(key, start, f'" {CLICKABLE}><title>{esc(name)}', f"</title>{box}", hatch, f"{rest}</g>")

    def _cluster(self, box: Box) -> Part:
        outline, rest = cluster_body(self.picture, self.layout, box, self.prefix)
        if box.kind != "region":
            place = self.clusters[box.key]
            self.taken.append((4, Rect(place.x + 12, place.y + 5, width(box.title, TITLE) + 18, 18)))
        return self._button(box.key, f"sb-cluster sb-{box.kind}", box.name, outline, rest)

    def _state(self, box: Box) -> Part:
        outline, hatch, rest = state_body(box, self.places[box.key], self.prefix, self.thumb)
        return self._button(box.key, f"sb-state sb-{box.kind}", box.name, outline, rest, hatch=hatch)

    def _dots(self) -> Part:
        """Initial dots, and the ports from which a box's own transitions lead into it."""
        circles = []
        for node, place in self.layout.rects.items():
            x, y = place.x + place.w / 2, place.y + place.h / 2
            if node.startswith("i_"):
                circles.append(f'<circle class="sb-dot" cx="{x:.1f}" cy="{y:.1f}" r="{3.5 if self.thumb else 5}"/>')
            elif node.startswith(("p_", "x_")):
                circles.append(f'<circle class="sb-port" cx="{x:.1f}" cy="{y:.1f}" r="{2.5 if self.thumb else 3.5}"/>')
        return Part("", "", "", "", "", "".join(circles))

    def _starts(self) -> Iterator[Part]:
        """The lines from initial dots, and the stubs that lead out of a box and into it again."""
        for node, curve in self.layout.curves.items():
            if node.startswith(("i_", "x_")):
                css = "sb-initial" if node.startswith("i_") else "sb-stub"
                body = path("sb-line", curve_data(curve)) + arrow(curve)
                yield Part("", f'<g class="sb-edge {css}" aria-hidden="true">', "", "", "", f"{body}</g>")

    def _start_labels(self) -> Iterator[Part]:
        """What is done on the way into a chart or a state; readers hear it with the state."""
        for node, start in self.picture.starts.items():
            place = self.layout.labels.get(f"i_{node}")
            if place and start.lines:
                self.taken.append((1, place))
                body = self._lines(start.lines, _inner(place))
                opening = f'<g class="sb-label sb-begin{self._in(place)}" aria-hidden="true">'
                yield Part("", opening, "", rect("sb-halo", _inner(place), 5), "", f"{body}</g>")

    def _edge(self, link: Link) -> Part:
        curve = self.layout.curves[link.node]
        if curve.tip:
            self.taken.append((3, Rect(curve.tip.x - 4, curve.tip.y - 4, 8, 8)))
        line = curve_data(curve)
        hit = "" if self.thumb or not link.key else path("sb-hit", line)
        body = hit + path("sb-line", line) + arrow(curve)
        if link.stem:
            body += rect("sb-fork", self.layout.rects[link.fork], 2)
        start = (
            self._start(link.key, f"sb-edge {link.css}", _suffix(link)) if link.key else f'<g class="sb-edge {link.css}'
        )
        return Part(link.key, start, f'" aria-hidden="true">{body}</g>', "", "", "")

    def _label(self, link: Link) -> Iterator[Part]:
        if link.lines:
            place = _inner(self.layout.labels[link.node])
            self.places.setdefault(link.key, place)
            self.taken.append((1, Rect(place.x, place.y + 3, place.w, place.h - 6)))
            css = f"sb-label {link.css}{self._in(place)}"
            body = self._lines(link.lines, place)
            yield self._button(link.key, css, link.name, rect("sb-halo", place, 5), body, f"{_suffix(link)}-label")

    def _rows(self, box: Box) -> Iterator[Part]:
        """Targetless transitions, inside their state and last in it."""
        rows = box.rows if self.layout.drawn != "list" else ()
        place = self.places[box.key]
        y = self._rows_top(box, place)
        for row in rows:
            spot = Rect(place.x + LABEL_PAD, y, place.w - 2 * LABEL_PAD, row.height - 1)
            yield self._row(row, spot, place.x + (12 if box.kind != "region" else 4))
            y += row.height

    def _row(self, row: Row, spot: Rect, x: float) -> Part:
        self.places.setdefault(row.key, spot)
        self.taken.append((1, spot))
        body = self._lines(row.lines, Rect(x - LABEL_PAD, spot.y, spot.w, spot.h))
        css = f"sb-label sb-internal {row.css}"
        return self._button(row.key, css, row.name, rect("sb-halo", spot, 4), body, "-label")

    def _rows_top(self, box: Box, place: Rect) -> float:
        if not box.children:
            return place.y + place.h - sum(row.height for row in box.rows) - ROW_GAP
        title = self.layout.titles.get(box.node)
        return title.y + 20 if box.kind == "region" and title else place.y + 31

    def _in(self, place: Rect) -> str:
        """The class of a label that lies within a box, whose colour its halo takes."""
        return " sb-in" if any(cluster.around(place) for cluster in self.clusters.values()) else ""

    def _lines(self, lines: tuple[Line, ...], place: Rect) -> str:
        body = ""
        for i, (style, sign, words) in enumerate(lines):
            x, y = place.x + LABEL_PAD, place.y + 13.5 + LINE * i
            body += icon(self.prefix, sign, x, y - 10.3) if sign else ""
            body += text(style, x + (16 if sign else 0), y, words)
        return body


def _inner(place: Rect) -> Rect:
    """A label without the gap to its line."""
    return Rect(place.x + LABEL_GAP, place.y, place.w - 2 * LABEL_GAP, place.h)


def _suffix(link: Link) -> str:
    """A transition to several targets draws several lines; only ids need to differ."""
    return f"~{link.nth}" if link.nth else ""
