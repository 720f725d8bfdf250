"""The picture of a machine or of one instance on the diagram that was drawn."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from orchestrator.diagrams.render import DiagramError, Overlay, render_svg
from orchestrator.statechart.definition import Chart


@dataclass(frozen=True, slots=True)
class Picture:
    """The SVG, or why there is none; the tables beside it then tell the same."""

    svg: SafeString | None = None
    problem: str = ""


def draw(chart: Chart, overlay: Overlay, title: str) -> Picture:
    try:
        svg = render_svg(chart, overlay, detail="compact", title=title)
    except DiagramError as error:
        return Picture(problem=str(error))
    return Picture(svg=mark_safe(svg))  # noqa: S308 the renderer escapes every text and writes only its own elements
