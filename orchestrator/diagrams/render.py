"""The public face: a chart and what is laid over it become an SVG for the page."""

from __future__ import annotations

from orchestrator.diagrams.draw import Scene, draw
from orchestrator.diagrams.errors import DiagramError
from orchestrator.diagrams.extract import Detail
from orchestrator.diagrams.layout import SECONDS, plan
from orchestrator.diagrams.overlay import Overlay
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
    (labels on the lines) or `collapsed` (top-level states only). Past `seconds` comes DiagramError, with a sentence for
    the screen.
    """
    picture, layout = plan(chart, detail, seconds)
    scene = Scene(picture, layout, overlay.lifted(picture.hidden), prefix)
    return draw(scene, title or f"{chart.title} state diagram")
