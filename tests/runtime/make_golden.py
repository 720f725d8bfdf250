"""Write the golden journals of a release, once, when it is made: python -m tests.runtime.make_golden 0.1.0

They come from the planner that also plans the batches of the durable runtime. Files of older releases are never written
anew: what they hold is a promise that instances of that release go on. Two of 0.1.0 were taken out, because they
retried a child chart, which that release refused to publish.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import designer.gallery.activities  # noqa: F401 registers the stand-ins
from orchestrator.runtime.inputs import ENDED, Input
from orchestrator.runtime.live import Live
from orchestrator.runtime.plan import Planner
from orchestrator.runtime.writes import ActivityWrite, InstanceWrite, JournalWrite, TimerWrite, Writes
from orchestrator.sdk.activities import ActivityFailed, lookup
from orchestrator.statechart.document import parse
from orchestrator.statechart.snapshot import from_json
from tests.formats.charts import seeded
from tests.runtime.golden_journals import FOLDER, write
from tests.statechart.support import BEGINNING, ROOT, document

WALKS = 2  # of each machine of the gallery
GENERATED = 30
STEPS = 14
MOST_BYTES = 12_000  # of a generated chart
LEAST_APPLIED = 6
ENDLESS = document({"a": {"always": [{"target": "b"}]}, "b": {"always": [{"target": "a"}]}})
ANSWERS: dict[str, Any] = {"score": 710, "v": 2, "n": 3, "amount": 250, "comment": "fine", "case": {}}


class Course:
    """One instance driven by dice: events that its chart knows, timers that fire, answers of activities, commands."""

    def __init__(self, given: dict[str, Any], number: int, dice: Random) -> None:
        self.document = given
        self.chart = parse(given)
        self.dice = dice
        self.now = BEGINNING
        self.row = InstanceWrite(number, 0, 0, 1, "running", "", "{}", BEGINNING, None)
        self.key = f"golden-{number}"
        self.journal: list[JournalWrite] = []
        self.timers: dict[str, TimerWrite] = {}
        self.runs: dict[str, ActivityWrite] = {}
        self.give("start", "start", {})

    def give(self, kind: str, name: str, data: Any, source: str = "", actor: str = "") -> None:
        """Apply one input as a batch of its own, on what the last one stored."""
        row = self.row
        live = Live(
            row.id,
            1,
            1,
            "",
            self.key,
            row.status,
            row.configuration,
            row.snapshot,
            row.seq,
            row.updated_at,
            row.next_due,
            None,
            "",
            "",
            0,
        )
        text = data if isinstance(data, str) else json.dumps(data)
        one = Input(len(self.journal) + 1, row.id, kind, name, text, source, actor, self.now)
        self.take(Planner([live], lambda version, part: self.chart).run([one]))

    def take(self, writes: Writes) -> None:
        (self.row,) = writes.instances
        self.journal.extend(writes.journal)
        for (_, kind, ref), timer in writes.timers.items():
            self.timers.pop(ref, None)
            if timer and kind == "event":
                self.timers[ref] = timer
        for _, invocation in writes.cancelled:
            self.runs.pop(invocation, None)
        self.runs.update({run.invocation: run for run in writes.activities.values() if run.status == "pending"})

    def go(self) -> None:
        self.now += timedelta(seconds=self.dice.randrange(4_000))
        chance = self.dice.random()
        if self.row.status == "failed" or chance < 0.04:
            self.give("command", "retry", {"reason": "the service is back"}, actor="user:ann")
        elif chance < 0.06:
            self.give("command", "cancel", {"reason": "the customer left"}, actor="user:ann")
        elif self.runs and chance < 0.5:
            self.answer(self.runs.pop(self.dice.choice(sorted(self.runs))))
        elif self.timers and chance < 0.65:
            timer = self.timers.pop(min(self.timers, key=lambda ref: self.timers[ref].due))
            self.now = max(self.now, timer.due)
            self.give("timer", timer.event, timer.data, timer.ref, "system")
        else:
            data = {**ANSWERS, "v": self.dice.randrange(4), "n": self.dice.randrange(4)}
            self.give("event", self.dice.choice(self.awaited()), data, "shop")

    def awaited(self) -> list[str]:
        """Names of events which lead on from where the instance stands, or one that does not."""
        active = from_json(self.row.snapshot).configuration
        ways = [way for key in active for way in self.chart.states[key].transitions]
        return [name.removesuffix(".*") for way in ways for name in way.events if name != "*"] or ["any"]

    def answer(self, run: ActivityWrite) -> None:
        data: dict[str, Any] = {"invocation": run.invocation}
        try:
            data["result"] = self.result(json.loads(run.spec)["input"])
        except ActivityFailed as error:
            data["error"] = {"class": error.error_class, "message": error.message}
        kind = "error" if "error" in data else "done"
        name = f"{kind}.compensation" if run.compensates else f"{kind}.invoke.{run.activity}"
        self.give("activity", name, data, actor="system")

    def result(self, asked: dict[str, Any]) -> Any:
        """What the gallery's stand-in answers; anything else is drawn, and fails one time in five."""
        if self.dice.random() < 0.2:
            raise ActivityFailed("drawn", "Drawn")
        try:
            return lookup(str(asked.get("callable")))(**asked["args"])
        except LookupError:
            return {"n": self.dice.randrange(4), "v": 1}


def course(given: dict[str, Any], number: int) -> Course:
    """A walk until the instance has ended, at most STEPS long, and one input more to see that it is ignored."""
    made = Course(given, number, Random(number))
    for _ in range(STEPS):
        made.go()
        if made.row.status in ENDED:
            made.go()
            break
    return made


def gallery() -> Iterator[tuple[str, Course]]:
    numbers = count(1)
    for path in sorted((ROOT / "designer" / "gallery").glob("*.json")):
        machine = json.loads(path.read_text(encoding="utf-8"))
        for _ in range(WALKS):
            yield path.stem, course(machine, next(numbers))


def generated() -> Iterator[tuple[str, Course]]:
    """Charts that use every construct of the language, as far as they are small and go somewhere."""
    for seed in count(1_000):
        chart = seeded(seed)
        if len(json.dumps(chart)) <= MOST_BYTES:
            made = course(chart, seed)
            if sum(row.outcome == "applied" for row in made.journal) >= LEAST_APPLIED:
                yield "generated", made


def main(release: str) -> None:
    folder: Path = FOLDER / release
    folder.mkdir(parents=True)  # refuses a release that has its journals
    endless = ("endless-start", course(ENDLESS, 900))
    for name, made in [*gallery(), endless, *islice(generated(), GENERATED)]:
        write(folder / f"{made.row.id:04d}-{name}.json", made.document, made.row, made.key, made.journal)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the release: python -m tests.runtime.make_golden 0.1.0")
    main(sys.argv[1])
