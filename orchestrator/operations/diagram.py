"""The picture of a machine or of one instance on the diagram that was drawn."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

from orchestrator.diagrams.render import Overlay, render_svg
from orchestrator.statechart.definition import Chart


def draw(chart: Chart, overlay: Overlay, title: str) -> SafeString:
    svg = render_svg(chart, overlay, detail="compact", title=title)
    return mark_safe(svg)  # noqa: S308 the renderer escapes every text and writes only its own elements
