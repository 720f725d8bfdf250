"""I6: the fence of an instance is its last journal row, and an activity answers only from under its lease."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law
from orchestrator.runtime.verify.report import Problem
from orchestrator.runtime.verify.stories import Story

COUNTS = {"I6": store_verify.COUNTED}
LAWS = (
    Law("I6", store_verify.FENCES, "its fence is {0} and its last journal row {1}"),
    Law("I6", store_verify.LEASES, "activity {0} is {1} after {3} attempts, which its fence {2} or its lease denies"),
)


def broken(story: Story) -> Iterator[Problem]:
    """An answer is final: a second one, or one of a run that did not end well, came from a lease that was lost."""
    statuses = {run.invocation: run.status for run in story.runs}
    for invocation, times in Counter(answer.invocation for answer in story.answers if answer.done).items():
        if times > 1:
            yield Problem("I6", story.row.id, f"activity {invocation} was answered {times} times")
        if statuses.get(invocation, "done") != "done":
            told = statuses[invocation]
            yield Problem("I6", story.row.id, f"activity {invocation} is {told}, and the journal has its result")
