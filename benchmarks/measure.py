"""Timing: each measurement is run several times and told as its median with the spread."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

RUNS = 5


class Wrong(Exception):
    """A benchmark did not do what it was to measure; its figure would be a lie."""


class Absent(Exception):
    """What a figure needs is not on this machine; the message begins with what is not measured."""

    def tell(self) -> None:
        print(f"Not measured: {self}.", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is the median in `unit` of all runs; a ratio is this value over that of the limit or of a peer."""

    name: str
    value: float
    least: float
    most: float
    unit: str
    title: str = ""
    ratios: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        told = "".join(f"  {of} {ratio:,.2f}" for of, ratio in self.ratios.items())
        spread = f"({_plain(self.least)} to {_plain(self.most)})"
        return f"{self.title or self.name:<60} {_plain(self.value):>11} {self.unit:<13} {spread}{told}"

    def compared(self, others: Mapping[str, float]) -> Figure:
        """The same with its ratios to these values."""
        return replace(self, ratios={of: self.value / value for of, value in others.items()})

    def result(self) -> dict[str, object]:
        return {"name": self.name, "value": self.value, "unit": self.unit, "ratios": self.ratios}


def rate(name: str, work: Callable[[], int], unit: str = "events/s", runs: int = RUNS, title: str = "") -> Figure:
    """How many things `work` does a second; it returns how many it did. One run before the counted ones warms up."""
    work()
    return figure(name, unit, [_timed(work) for _ in range(runs)], title)


def duration(name: str, work: Callable[[], object], runs: int = RUNS) -> Figure:
    """How many milliseconds `work` takes."""
    work()
    return figure(name, "ms", [1000 / _timed(lambda: bool(work()) or 1) for _ in range(runs)])


def figure(name: str, unit: str, values: Sequence[float], title: str = "") -> Figure:
    return Figure(name, statistics.median(values), min(values), max(values), unit, title)


def spread(name: str, values: Sequence[float], value: float, title: str = "", unit: str = "ms") -> Figure:
    """A value of one run, with the least and the most of all that it is taken from."""
    return Figure(name, value, min(values), max(values), unit, title)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value which at least `share` of all do not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _timed(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - begun)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"
