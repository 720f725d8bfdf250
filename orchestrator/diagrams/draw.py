"""Writes the SVG: the fixed parts of a drawing once, and what is laid over them each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.diagrams.badges import Corners
from orchestrator.diagrams.geometry import Layout, Rect
from orchestrator.diagrams.overlay import Overlay
from orchestrator.diagrams.picture import Detail, Picture
from orchestrator.diagrams.svg import esc, num

CLICKABLE = 'tabindex="0" role="button"'


class View(NamedTuple):
    """The part of the drawing that is seen, and the size in px at which it is shown."""

    window: Rect
    width: float
    height: float


class Part(NamedTuple):
    """The markup of one thing, cut open where an overlay writes: its classes, its spoken name, over its box."""

    key: str
    start: str  # up to the classes
    opened: str  # from there to the end of the name
    box: str  # to the end of the outline
    hatch: str  # over the outline of what was undone
    rest: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that does not depend on an overlay. `taken` is what badges should not cover, with how much it matters."""

    picture: Picture
    layout: Layout
    prefix: str
    groups: Mapping[str, tuple[Part, ...]]
    places: Mapping[str, Rect]
    clusters: Mapping[str, Rect]
    taken: tuple[tuple[int, Rect], ...]
    definitions: str

    def fits(self, detail: Detail, prefix: str) -> bool:
        return (self.picture.detail, self.prefix) == (detail, prefix)

    def svg(self, overlay: Overlay, label: str, view: View | None = None) -> str:
        """The whole `svg.sb-diagram`; `label` names it for screen readers. Without a `view` all is seen at its size."""
        overlay = overlay.lifted(self.picture.hidden)
        body = "".join(
            f'<g class="sb-{name}">{"".join([_written(part, overlay) for part in parts])}</g>'
            for name, parts in self.groups.items()
        )
        badges = ""
        if overlay.badges:
            badges = "".join(Corners(self.taken).badges(overlay.badges, self.places, self.clusters))
        return f'{self._head(overlay, label, view)}{body}<g class="sb-badges">{badges}</g></svg>'

    def _head(self, overlay: Overlay, label: str, view: View | None) -> str:
        layout, thumb = self.layout, self.picture.detail == "thumb"
        view = view or View(Rect(0, 0, layout.width, layout.height), layout.width, layout.height)
        seen = " ".join(num(value) for value in view.window)
        size = f'viewBox="{seen}" width="{num(view.width)}" height="{num(view.height)}"'
        classes = esc(" ".join(f"sb-diagram {'sb-thumb' if thumb else ''} {overlay.quiet}".split()))
        start = f'<svg xmlns="http://www.w3.org/2000/svg" class="{classes}" data-drawn="{layout.drawn}" {size}'
        if thumb:
            return f'{start} aria-hidden="true">'
        named = f"<title>{esc(label)}</title><desc>{esc(self.picture.summary)}</desc>"
        return f'{start} role="group" aria-label="{esc(label)}">{named}{self.definitions}'


def _written(part: Part, overlay: Overlay) -> str:
    key = part.key
    classes, said, hatch = overlay.classes.get(key, ""), "", ""
    if classes:
        hatch = part.hatch if "is-compensated" in classes else ""
        classes = esc("".join(f" {name}" for name in classes.split()))
    if key in overlay.badges and part.opened.find("<title>") >= 0:
        said = esc(overlay.spoken(key))
    return f"{part.start}{classes}{part.opened}{said}{part.box}{hatch}{part.rest}"
