"""Drawing: a new layout each time, the same one from the cache, and a chart of 200 states as people draw them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.core import ring
from benchmarks.measure import Figure, duration
from orchestrator.diagrams.render import render_svg
from orchestrator.statechart.document import parse

SECTIONS = 20
STEPS = 8  # of a section, beside the section itself and its last state


def figures() -> Iterator[Figure]:
    same = parse(ring(30))
    yield duration("draw 30 states, new layout", anew(ring(30)))
    yield duration("draw 30 states, cached layout", lambda: render_svg(same))
    yield duration("draw 200 states in 20 sections, new layout", anew(sections()))
    large = parse(sections())
    yield duration("draw 200 states in 20 sections, cached layout", lambda: render_svg(large))


def anew(document: dict[str, Any]) -> Callable[[], str]:
    """Draws with a title of another width each time, so with another layout.

    The drawing raises AssertionError when the chart was simplified.
    """
    first = next(iter(document["states"].values()))
    widths = itertools.count(4)

    def draw() -> str:
        first["title"] = "W" * next(widths)
        svg = render_svg(parse(document), seconds=60)
        assert 'data-drawn="full"' in svg, "a simplified drawing is not what is measured here"
        return svg

    return draw


def sections() -> dict[str, Any]:
    """200 states: 20 compound sections in a row, each with its steps, a way back, a timeout and a way out."""
    states = {f"part{number}": _section(number) for number in range(SECTIONS)}
    return {"signalbox": 1, "id": "long-process", "initial": "part0", "context": {"amount": 1}, "states": states}


def _section(number: int) -> dict[str, Any]:
    names = [f"p{number}_{step}" for step in range(STEPS)]
    inner: dict[str, Any] = {name: _step(names, at, number) for at, name in enumerate(names)}
    inner[f"p{number}_done"] = {"type": "final"}
    after = f"part{(number + 1) % SECTIONS}"
    return {
        "initial": names[0],
        "states": inner,
        "on": [{"event": f"done.state.part{number}", "target": after}, {"event": "withdraw", "target": "part0"}],
    }


def _step(names: list[str], at: int, number: int) -> dict[str, Any]:
    follows = names[at + 1] if at + 1 < len(names) else f"p{number}_done"
    ways: list[dict[str, Any]] = [{"event": "approve", "guard": "context.amount > 100", "target": follows}]
    if at % 3 == 2:
        ways.append({"event": "send.back", "target": names[0]})
    step: dict[str, Any] = {"title": f"Check part {number}, step {at}", "on": ways}
    if at % 2:
        step["after"] = [{"delay": "PT2H", "target": follows}]
    return step
