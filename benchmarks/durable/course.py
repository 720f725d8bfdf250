"""One machine's instances at work: each method does a measured run, proves it and tells the rate."""

from __future__ import annotations

from benchmarks.durable import bare, jobs
from benchmarks.durable.crew import MEMBERS, Crew
from benchmarks.durable.stage import Stage, proven, settle
from benchmarks.measure import Wrong
from orchestrator.runtime.models import SHARDS

FILLED_BY = 5_000  # events in one call while the backlog is made, which is not measured
BULK = 1_000
CLIENTS = 4  # threads in each process that sends one by one


class Course:
    """`sent` counts what the instances have consumed, which the journal must tell at the end of each run."""

    def __init__(self, crew: Crew, stage: Stage) -> None:
        self._crew = crew
        self._stage = stage
        self._sent = 0
        self._runs = 0

    def warm(self) -> None:
        """Let every member connect, plan its statements and compile the chart."""
        self._drained(self._backlog(MEMBERS * SHARDS))
        self._prove()

    def drain(self, events: int, *, beside_limit: bool = False) -> tuple[float, float]:
        """How fast a backlog is drained, and how fast bare SQL moves a copy of it (0 when that is not asked for)."""
        waiting, limit = self._backlog(events), 0.0
        if beside_limit:
            copied = bare.copy_tables()
            settle()
            limit = copied / bare.drain_bare(self._crew, copied)
        else:
            settle()
        rate = waiting / self._drained(waiting)
        self._prove()
        return rate, limit

    def bulk(self, events: int) -> float:
        """How fast calls with many events are committed and applied."""
        settle()
        given = [
            (*common, events // MEMBERS, BULK, jobs.shards(member, MEMBERS))
            for member, common in enumerate(self._members())
        ]
        applied, seconds = self._crew.run(jobs.accept_and_apply, given)
        self._sent += sum(applied)
        self._prove()
        return sum(applied) / seconds

    def one_row(self, events: int) -> float:
        """How fast events with a commit each are accepted and applied."""
        settle()
        given = [(*common, events // MEMBERS, CLIENTS) for common in self._members()]
        accepted, sending = self._crew.run(jobs.accept_each, given)
        rate = sum(accepted) / (sending + self._drained(sum(accepted)))
        self._prove()
        return rate

    def _members(self) -> list[tuple[str, str, range]]:
        """For each member the machine, the name of its run, and the instances which lie in its shards alone."""
        self._runs += 1
        first, size = self._stage.ids.start, len(self._stage.ids)
        return [
            (self._stage.slug, f"{self._runs}-{member}", range((member - first) % MEMBERS, size, MEMBERS))
            for member in range(MEMBERS)
        ]

    def _backlog(self, events: int) -> int:
        given = [(*common, events // MEMBERS, FILLED_BY) for common in self._members()]
        return sum(self._crew.run(jobs.accept_many, given)[0])

    def _drained(self, waiting: int) -> float:
        applied, seconds = self._crew.run(
            jobs.apply_all, [(jobs.shards(member, MEMBERS),) for member in range(MEMBERS)]
        )
        if sum(applied) != waiting:
            raise Wrong(f"{sum(applied):,} of {waiting:,} events were applied")
        self._sent += waiting
        return seconds

    def _prove(self) -> None:
        proven(self._stage, self._sent)
