"""Drawing: a layout made anew each time, and the same layout from the cache."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from benchmarks.core import ring
from benchmarks.measure import Figure, duration
from orchestrator.diagrams.render import render_svg
from orchestrator.statechart.document import parse


def figures() -> Iterator[Figure]:
    numbers = itertools.count(10)

    def anew() -> str:
        document = ring(30)
        document["states"]["s0"]["title"] = "W" * next(numbers)  # another width, so another layout
        return render_svg(parse(document))

    same = parse(ring(30))
    yield duration("draw 30 states, new layout", anew)
    yield duration("draw 30 states, cached layout", lambda: render_svg(same))
