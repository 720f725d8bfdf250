"""I7: what was completed last is undone first, and each is undone once."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law
from orchestrator.runtime.verify.report import Problem
from orchestrator.runtime.verify.stories import Story

COUNTS = {"I7": store_verify.COMPENSATIONS}
LAWS = (
    Law("I7", store_verify.UNDONE_TWICE, "activity {0} was undone {1} times"),
    Law("I7", store_verify.OTHER_KEYS, "activity {0} was undone under {1} different keys"),
)


def broken(story: Story) -> Iterator[Problem]:
    """When a compensation starts, nothing that can be undone and was completed later may still be there."""
    undoes = {run.invocation: run.compensates for run in story.runs if run.compensates}
    completed = {answer.invocation: answer.seq for answer in story.answers if answer.done}
    undone = {undoes[run]: completed[run] for run in undoes if run in completed}
    for run, seq in story.started.items():
        first = undoes.get(run, "")
        if first not in completed:
            continue
        for later, at in completed.items():
            still_there = later in undone or later in story.undoable
            if still_there and completed[first] < at < seq < undone.get(later, seq + 1):
                yield Problem("I7", story.row.id, f"activity {first} was undone before {later}, which ended after it")
