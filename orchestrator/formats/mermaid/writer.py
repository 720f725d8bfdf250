"""A chart as a Mermaid `stateDiagram-v2`, from which `read` makes an equal chart.

What a diagram can draw is drawn, with the labels of `mermaid_labels`; everything else stands as JSON in the front
matter, which Mermaid takes no notice of.
"""

from __future__ import annotations

from orchestrator.formats.fidelity import Exported, Note
from orchestrator.formats.mermaid.draw import Drawing
from orchestrator.formats.mermaid.front import write_front
from orchestrator.formats.mermaid.plan import Plan
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import dump

MESSAGE = "Mermaid does not draw it; it stands in the front matter."


def write(chart: Chart) -> Exported:
    """The diagram of a chart."""
    drawing = Drawing(Plan(dump(chart)))
    lines = ["stateDiagram-v2", *drawing.lines()]
    text = write_front(drawing.title, drawing.kept()) + "\n".join(lines) + "\n"
    return Exported(text, tuple(Note("changed", path, what, MESSAGE) for path, what in drawing.beside))
