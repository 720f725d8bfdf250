"""One instance after the other: its row, what a replay of its journal tells, and its side effects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Generic, TypeVar

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.migrating import Course
from orchestrator.runtime.store_verify import (
    INSTANCES,
    JOURNALS,
    RUNS,
    Database,
    Given,
    InstanceRow,
    JournalRow,
    RunRow,
    streamed,
)
from orchestrator.runtime.verify.replaying import replayed
from orchestrator.statechart.effects import StartActivity
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.starting import CHILDREN
from orchestrator.statechart.transition import Environment, Step

INVOCATION = re.compile(r'\{"invocation": ?("(?:[^"\\]|\\.)*")')
Row = TypeVar("Row", JournalRow, RunRow)


class Incomplete(Exception):
    """A row of the journal is missing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the journal says of the end of a side effect."""

    invocation: str
    done: bool
    seq: int


@dataclass(slots=True)
class Story:
    """`started` maps the side effects which a replay asks for to their journal rows.

    `read` counts the journal rows so far; `whole` tells that every row up to the instance's last one was there
    and was replayed; `failure` is what the replay choked on.
    """

    row: InstanceRow
    runs: list[RunRow]
    read: int = 0
    whole: bool = False
    failure: str = ""
    snapshot: Snapshot | None = None
    started: dict[str, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    @property
    def undoable(self) -> set[str]:
        """Completed side effects which can still be undone."""
        return {kept.invocation for kept in self.snapshot.undoables} if self.snapshot else set()


def told(database: Database, given: Given) -> Iterator[Story]:
    """The stories of all chosen instances, each replayed from three streams that are read side by side."""
    instances = (InstanceRow(*row) for row in streamed(database, "verify_instances", INSTANCES, given))
    journals = _Grouped(JournalRow(*row) for row in streamed(database, "verify_journals", JOURNALS, given))
    runs = _Grouped(RunRow(*row) for row in streamed(database, "verify_runs", RUNS, given))
    for row in instances:
        story = Story(row, list(runs.of(row.id)))
        _replay(story, journals.of(row.id))
        yield story


class _Grouped(Generic[Row]):
    """Rows in the order of their instances, handed out for one instance after the other."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._groups: Iterator[tuple[int, Iterator[Row]]] = groupby(rows, attrgetter("instance"))
        self._next: tuple[int, Iterator[Row]] | None = next(self._groups, None)

    def of(self, instance: int) -> Iterator[Row]:
        while self._next and self._next[0] < instance:
            self._next = next(self._groups, None)
        return self._next[1] if self._next and self._next[0] == instance else iter(())


def _replay(story: Story, journal: Iterable[JournalRow]) -> None:
    """A journal with a gap cannot be replayed; that it has one is for I2 and I6 to tell."""
    row = story.row
    try:
        course = Course(chart_of, row.origin, row.part)
        environment = Environment(row.id, row.key, parent=row.parent is not None)
        story.snapshot = replayed(course, _inputs(story, journal), environment, lambda step: _note(story, step))
    except Incomplete:
        return
    except Exception as error:
        story.failure = f"{type(error).__name__}: {error}"
    else:
        story.whole = True
        if course.version != row.version:
            story.failure = f"it leads to the version {course.version}, and the instance is in {row.version}"


def _inputs(story: Story, journal: Iterable[JournalRow]) -> Iterator[tuple[Input, str]]:
    for entry in journal:
        story.read += 1
        if entry.seq != story.read:
            raise Incomplete
        if entry.kind == "activity" and (told := INVOCATION.match(entry.data)):
            story.answers.append(Answer(json.loads(told[1]), entry.name.startswith("done."), entry.seq))
        yield Input(entry.event, entry.instance, *entry[3:6], *entry[7:]), entry.outcome
    if story.read != story.row.seq:
        raise Incomplete


def _note(story: Story, step: Step) -> None:
    """A child is no side effect but an instance of its own; that it has one is held by a unique key."""
    asked = [effect for effect in step.effects if isinstance(effect, StartActivity) and effect.kind not in CHILDREN]
    story.started.update(dict.fromkeys((effect.invocation for effect in asked), story.read))
