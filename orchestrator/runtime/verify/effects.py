"""I4: each side effect which the journal asks for has one row, and no other side effect has one."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law
from orchestrator.runtime.verify.report import Problem
from orchestrator.runtime.verify.stories import Story

COUNTS = {"I4": store_verify.EFFECTS}
LAWS = (Law("I4", store_verify.REPEATED_EFFECTS, "activity {0} has {1} rows"),)


def broken(story: Story) -> Iterator[Problem]:
    stored = {run.invocation for run in story.runs}
    for invocation, seq in story.started.items():
        if invocation not in stored:
            yield Problem("I4", story.row.id, f"activity {invocation}, asked for by journal row {seq}, has no row")
    for invocation in sorted(stored - story.started.keys()):
        yield Problem("I4", story.row.id, f"activity {invocation} has a row, and no journal row asks for it")
