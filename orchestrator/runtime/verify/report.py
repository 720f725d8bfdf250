"""What a check of the invariants found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

TITLES = {
    "I1": "Every acknowledged key has exactly one row",
    "I2": "Journals are gapless and unique",
    "I3": "Replaying a journal gives the snapshot",
    "I4": "Every effect has exactly one row",
    "I5": "Nothing is overdue without recovery or incident",
    "I6": "No write behind a stale fence",
    "I7": "Compensations run in reverse, each once",
}
SHOWN = 100  # problems of one invariant that are told; all are counted


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken invariant; the sentence holds the ids."""

    invariant: str
    instance: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.invariant} instance {self.instance}: {self.sentence}"


@dataclass(slots=True)
class Report:
    """`checked` and `broken` count per invariant; `problems` holds the first ones of each."""

    checked: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.broken[problem.invariant] += 1
        if self.broken[problem.invariant] <= SHOWN:
            self.problems.append(problem)
