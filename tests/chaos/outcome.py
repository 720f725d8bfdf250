"""What a fault led to, and the list of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.system import System


@dataclass
class Outcome:
    """`recovered` is the longest time in seconds from the end of the fault until all was applied."""

    rounds: int = 0
    lost: int = 0
    doubled: int = 0
    recovered: float | None = None
    problems: list[str] = field(default_factory=list)
    note: str = ""

    def took(self, seconds: float) -> None:
        self.recovered = max(self.recovered or 0.0, seconds)

    def expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Size:
    """How often the fault strikes, and how many events, timers or charts there are."""

    rounds: int
    items: int
    seed: int = 1


Run = Callable[[System, Size, Outcome], None]


@dataclass(frozen=True, slots=True)
class Fault:
    row: int
    title: str
    run: Run
    short: Size
    full: Size


FAULTS: dict[str, Fault] = {}


def fault(row: int, title: str, *, short: Size, full: Size) -> Callable[[Run], Run]:
    """Make the decorated function a fault of this row of the list."""

    def keep(run: Run) -> Run:
        FAULTS[f"{row}-{run.__name__}"] = Fault(row, title, run, short, full)
        return run

    return keep


def strike(system: System, found: Fault, size: Size) -> Outcome:
    """Let the fault happen; a wait that never ended is one of its problems."""
    outcome = Outcome()
    try:
        found.run(system, size, outcome)
    except AssertionError as error:
        outcome.problems.append(f"seed {size.seed}: {error}")
    return outcome
