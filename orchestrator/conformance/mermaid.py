"""Mermaid's state diagrams: imported as they are drawn, and equal when they are exported and imported again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator.conformance.cases import cases
from orchestrator.conformance.outcome import Outcome
from orchestrator.formats import mermaid
from orchestrator.formats.errors import FormatError
from orchestrator.statechart.definition import Chart

# A plain look at the text beside the reader: what stands on either side of an arrow is a state.
ARROW = re.compile(r"^[ \t]*(?P<source>[A-Za-z_]\w*)(?:::\w+)?[ \t]*-->[ \t]*(?P<target>[A-Za-z_]\w*)", re.MULTILINE)


def run(folder: Path, only: str) -> Iterator[Outcome]:
    """Each `.mmd` of the folder."""
    for name, path in cases(folder, "*.mmd", only):
        problem = _problem(path.read_text())
        yield Outcome(name, not problem, problem)


def _problem(text: str) -> str:
    """What went wrong, empty when nothing did."""
    try:
        chart = mermaid.read(text).chart
        again = mermaid.read(mermaid.write(chart).text).chart
    except FormatError as error:
        return str(error)
    lost = sorted(_drawn(text) - _known(chart))
    if lost:
        return f"the drawn states {', '.join(lost)} are not in the chart"
    if not chart.states:
        return "" if not _drawn(text) else "no state was read"
    return "" if again == chart else "exported and imported again, it is another chart"


def _drawn(text: str) -> set[str]:
    return {name for found in ARROW.finditer(text) for name in (found["source"], found["target"])}


def _known(chart: Chart) -> set[str]:
    """Keys and titles; forks and the like may have become a part of a transition, which remembers them."""
    remembered = str([state.meta for state in chart.states.values()])
    remembered += str([way.meta for state in chart.states.values() for way in state.transitions])
    words = set(re.findall(r"\w+", remembered))
    return {*chart.states, *(state.title for state in chart.states.values()), *words}
