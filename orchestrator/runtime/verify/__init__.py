"""Check on a live database what must always hold, I1 to I7 (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify import effects, fences, journals, keys, overdue, sagas, snapshots, stories
from orchestrator.runtime.verify.report import Report

GRACE = 60.0  # seconds which due work may wait for a worker before it counts as forgotten
LAWS = (*keys.LAWS, *journals.LAWS, *effects.LAWS, *overdue.LAWS, *fences.LAWS, *sagas.LAWS)
COUNTS = {**keys.COUNTS, **journals.COUNTS, **effects.COUNTS, **overdue.COUNTS, **fences.COUNTS, **sagas.COUNTS}
STORY_LAWS = (snapshots.broken, effects.broken, fences.broken, sagas.broken)


def check(machine: int | None = None, sample: int | None = None, grace: float = GRACE) -> Report:
    """All invariants in one snapshot of the database; with `sample` only so many journals are replayed."""
    report = Report()
    with store_verify.one_snapshot() as database:
        chosen = None if sample is None else store_verify.sampled(database, machine, sample)
        given = {"machine": machine, "sample": chosen, "grace": grace}
        for invariant, statement in COUNTS.items():
            report.checked[invariant] = store_verify.number(database, statement, given)
        for law in LAWS:
            for problem in law.broken(database, given):
                report.add(problem)
        for story in stories.told(database, given):
            report.checked["I3"] += 1
            for broken in STORY_LAWS if story.whole else (snapshots.broken,):
                for problem in broken(story):
                    report.add(problem)
    return report


def problems(machine: int | None = None) -> Iterator[str]:
    """One sentence per broken invariant; nothing when all hold."""
    yield from map(str, check(machine).problems)
