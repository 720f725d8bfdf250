"""Numbers into shapes: stacked bars, sparklines and heat steps, as plain values which the templates draw."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BAR_WIDTH = 1000.0
GAP = 2.0
LEAST = 3.0
RAMP = ("s1", "s2", "s3")
REST, EXCEPTION = "s4", "s5"
HEAT_STEPS = 5


@dataclass(frozen=True, slots=True)
class Portion:
    """Something to be shown as a part of a whole; `stuck` of `count` need a person."""

    key: str
    title: str
    count: int
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a stacked bar: its class, place (of 1,000) and words."""

    css: str
    title: str
    count: int
    x: str
    width: str


def stacked_bar(portions: Sequence[Portion], rest: str = "Other states") -> list[Segment]:
    """The three largest portions on the blue ramp in their own order, the rest together in grey, the stuck in magenta.

    Colours thus stay few enough to be told apart, and every colour has exactly one line in the legend.
    """
    healthy = [Portion(p.key, p.title, p.count - p.stuck) for p in portions if p.count > p.stuck]
    largest = {p.key for p in sorted(healthy, key=lambda p: -p.count)[: len(RAMP)]}
    shown = [p for p in healthy if p.key in largest]
    others = [p for p in healthy if p.key not in largest]
    parts = [(css, p.title, p.count) for css, p in zip(RAMP, shown, strict=False)]
    if others:
        title = others[0].title if len(others) == 1 else f"{len(others)} {rest.lower()}"
        parts.append((REST, title, sum(p.count for p in others)))
    stuck = sum(p.stuck for p in portions)
    if stuck:
        parts.append((EXCEPTION, "Stuck", stuck))
    return _place(parts)


def _place(parts: Sequence[tuple[str, str, int]]) -> list[Segment]:
    """Widths by share, with a least width so that a single stuck instance among a million is still seen."""
    total = sum(count for _, _, count in parts)
    room = BAR_WIDTH - GAP * (len(parts) - 1)
    wide = [max(LEAST, room * count / total) for _, _, count in parts]
    scale = room / sum(wide) if wide else 1.0
    segments, x = [], 0.0
    for (css, title, count), width in zip(parts, wide, strict=True):
        segments.append(Segment(css, title, count, f"{x:.1f}", f"{width * scale:.1f}"))
        x += width * scale + GAP
    return segments


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Paths of a filled line in a box of `WIDTH` by `HEIGHT`."""

    line: str
    area: str


SPARK_WIDTH, SPARK_HEIGHT, SPARK_TOP = 220.0, 44.0, 4.0


def sparkline(values: Sequence[float]) -> Sparkline:
    """A line over equal steps from zero to the largest value; flat on the ground when there is nothing."""
    if len(values) < 2:
        values = [0.0, 0.0]
    top = max(max(values), 1e-9)
    step = SPARK_WIDTH / (len(values) - 1)
    points = [
        f"{i * step:.1f} {SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 1 - SPARK_TOP) * value / top:.1f}"
        for i, value in enumerate(values)
    ]
    line = "M" + " L".join(points)
    return Sparkline(line=line, area=f"{line} L{SPARK_WIDTH:g} {SPARK_HEIGHT:g} L0 {SPARK_HEIGHT:g}Z")


def heat_steps(counts: Mapping[str, int]) -> dict[str, int]:
    """A step of 1 to 5 for each count above zero, by quantiles, so that one huge state does not pale all the others."""
    values = sorted(set(counts.values()) - {0})
    if not values:
        return {}
    bounds = [values[len(values) * step // HEAT_STEPS] for step in range(1, HEAT_STEPS)]
    if len(values) == 1:
        return {key: 3 for key, count in counts.items() if count}
    return {
        key: 1 + bisect_right(bounds, count) if count < values[-1] else HEAT_STEPS
        for key, count in counts.items()
        if count
    }
