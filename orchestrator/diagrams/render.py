"""The public face: a chart and what is laid over it become an SVG for the page."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.diagrams.cache import LayoutCache
from orchestrator.diagrams.draw import Drawing
from orchestrator.diagrams.errors import DiagramError
from orchestrator.diagrams.layout import SECONDS, plan
from orchestrator.diagrams.overlay import Overlay
from orchestrator.diagrams.parts import drawing
from orchestrator.diagrams.picture import Detail
from orchestrator.diagrams.png import render_png
from orchestrator.statechart.definition import Chart

__all__ = ["Detail", "DiagramError", "Overlay", "render_png", "render_svg"]

NOTHING = Overlay()


def render_svg(
    chart: Chart,
    overlay: Overlay = NOTHING,
    detail: Detail = "full",
    title: str = "",
    prefix: str = "d",
    seconds: float = SECONDS,
) -> str:
    """The full `svg.sb-diagram` markup, every word in it escaped, so it may be marked safe.

    `prefix` starts every id, so that several diagrams share a page. `data-drawn` on the svg says `full`, `plain`
    (labels on the lines), `collapsed` (top-level states only) or past `seconds` `list` (every state, no line).
    """
    return _drawing(chart, detail, prefix, seconds).svg(overlay, title or f"{chart.title} state diagram")


@dataclass(frozen=True, slots=True)
class _Kept:
    chart: Chart
    drawing: Drawing

    @property
    def size(self) -> int:
        return self.drawing.layout.size


_kept: LayoutCache[_Kept] = LayoutCache(entries=128, items=20_000)


def _drawing(chart: Chart, detail: Detail, prefix: str, seconds: float) -> Drawing:
    """The fixed parts, kept for an equal chart while nothing had to be left out of them."""
    key = str(hash((chart.id, detail, prefix, tuple(chart.states))))
    kept = _kept.get(key)
    if kept and kept.drawing.fits(detail, prefix) and (kept.chart is chart or kept.chart == chart):
        return kept.drawing
    picture, layout = plan(chart, detail, seconds)
    made = drawing(picture, layout, prefix)
    if layout.drawn == "full":
        _kept.put(key, _Kept(chart, made))
    return made
