"""Timing: each measurement is run several times and told as its median with the spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """`median`, `least` and `most` in `unit` over all runs."""

    name: str
    median: float
    least: float
    most: float
    unit: str

    def line(self) -> str:
        return f"{self.name:<52} {self.median:>12,.1f} {self.unit:<10} ({self.least:,.1f} to {self.most:,.1f})"


def rate(name: str, work: Callable[[], int], unit: str = "events/s", runs: int = RUNS) -> Figure:
    """How many things `work` does a second; it returns how many it did. One run before the counted ones warms up."""
    work()
    return _figure(name, unit, [_timed(work) for _ in range(runs)])


def duration(name: str, work: Callable[[], object], runs: int = RUNS) -> Figure:
    """How many milliseconds `work` takes."""
    work()
    return _figure(name, "ms", [1000 / _timed(lambda: bool(work()) or 1) for _ in range(runs)])


def _timed(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - begun)


def _figure(name: str, unit: str, values: list[float]) -> Figure:
    return Figure(name, statistics.median(values), min(values), max(values), unit)
