"""An invariant, or a part of one, that a single statement can check: its rows are what breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.runtime.store_verify import Database, Given, streamed
from orchestrator.runtime.verify.report import Problem


@dataclass(frozen=True, slots=True)
class Law:
    """`statement` gives rows which begin with an instance; `sentence` is filled with the other columns."""

    invariant: str
    statement: str
    sentence: str

    def broken(self, database: Database, given: Given) -> Iterator[Problem]:
        for instance, *columns in streamed(database, "verify_law", self.statement, given):
            yield Problem(self.invariant, instance, self.sentence.format(*columns))
