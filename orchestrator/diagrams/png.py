"""The picture in the alert email: a PNG with literal colours and our own fonts, since a mail reader has neither."""

from __future__ import annotations

from pathlib import Path

import resvg_py

from orchestrator.diagrams.draw import Drawing, View
from orchestrator.diagrams.errors import DiagramError
from orchestrator.diagrams.geometry import Rect
from orchestrator.diagrams.layout import plan
from orchestrator.diagrams.measure import known
from orchestrator.diagrams.overlay import Overlay
from orchestrator.diagrams.parts import drawing
from orchestrator.diagrams.picture import Picture
from orchestrator.diagrams.png_style import BACKGROUND, STYLE
from orchestrator.statechart.definition import Chart

FONTS = Path(__file__).resolve().parents[2] / "static" / "vendor" / "inter"
FONT_FILES = [str(FONTS / "inter-latin-400.ttf"), str(FONTS / "inter-latin-600.ttf")]
LEAST_SCALE, MOST_SCALE = 1.5, 2.0  # px of the image per px of the diagram: below that the words cannot be read
MOST_HEIGHT = 1.1  # of the width
WIDTHS = range(200, 4_001)
EDGE = 16.0  # px of the diagram kept free around it, for badges that stick out


def render_png(chart: Chart, overlay: Overlay, width: int = 960) -> bytes:
    """A PNG `width` px wide of the compact diagram, in the light theme.

    A chart that is too large to be readable at that width is shown in part: around its badges, else what is active.
    DiagramError for a width that is not 200 to 4,000.
    """
    if width not in WIDTHS:
        raise DiagramError(f"A picture is {WIDTHS[0]} to {WIDTHS[-1]} px wide, not {width}.")
    picture, layout = plan(chart, "compact")
    overlay = overlay.lifted(picture.hidden)
    scene = drawing(picture, layout, "m")
    whole = Rect(-EDGE, -EDGE, layout.width + 2 * EDGE, layout.height + 2 * EDGE)
    view = _view(whole, _focus(scene, overlay, width / LEAST_SCALE), width)
    svg = scene.svg(_with_quiet(overlay, picture), chart.title, view)
    words = "".join(box.title for box in picture.boxes.values()) + "".join(link.name for link in picture.links)
    return _paint(svg, own_fonts_suffice=known(words))


def _paint(svg: str, own_fonts_suffice: bool) -> bytes:
    try:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            style_sheet=STYLE,
            background=BACKGROUND,
            font_files=FONT_FILES,
            font_family="Inter",
            skip_system_fonts=own_fonts_suffice,
        )
    except ValueError as error:
        raise DiagramError("The picture of this machine could not be painted.") from error


def _with_quiet(overlay: Overlay, picture: Picture) -> Overlay:
    """Name what steps back, because the painter knows no `:not`."""
    if not overlay.quiet:
        return overlay
    rows = [row.key for box in picture.boxes.values() for row in box.rows]
    keys = [*picture.boxes, *(link.key for link in picture.links), *rows]
    quiet = {key: f"{overlay.classes.get(key, '')} quiet" for key in keys if "is-" not in overlay.classes.get(key, "")}
    return Overlay({**overlay.classes, **quiet}, overlay.badges, overlay.quiet)


def _focus(scene: Drawing, overlay: Overlay, room: float) -> Rect | None:
    """What the reader should see: states with badges, else active ones, with the boxes around them that fit."""
    active = [key for key, css in overlay.classes.items() if "is-active" in css.split()]
    for keys in (list(overlay.badges), active):
        states = [key for key in keys if key in scene.picture.boxes]
        if states:
            focus = _around([scene.places[key] for key in states])
            for key in scene.picture.above(states[0]):
                wider = _around([focus, scene.places[key]])
                focus = wider if wider.w <= room and wider.h <= room * MOST_HEIGHT else focus
            return focus
    return None


def _around(places: list[Rect]) -> Rect:
    left, top = min(place.x for place in places), min(place.y for place in places)
    return Rect(left, top, max(p.x + p.w for p in places) - left, max(p.y + p.h for p in places) - top)


def _view(whole: Rect, focus: Rect | None, width: int) -> View:
    scale = min(MOST_SCALE, max(LEAST_SCALE, width / whole.w))
    w = width / scale
    h = min(whole.h, w * MOST_HEIGHT)
    focus = focus or Rect(whole.x + whole.w / 2, whole.y, 0, 0)
    x = _slide(focus.x + focus.w / 2 - w / 2, whole.x, whole.x + whole.w, w)
    y = _slide(focus.y + focus.h / 2 - h / 2, whole.y, whole.y + whole.h, h)
    return View(Rect(x, y, w, h), width, round(h * scale))


def _slide(wanted: float, start: float, end: float, length: float) -> float:
    """Where a window of this length begins: inside the picture, or centred on it when it is longer."""
    if length >= end - start:
        return (start + end - length) / 2
    return min(max(wanted, start), end - length)
