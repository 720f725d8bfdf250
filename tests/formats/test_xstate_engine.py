"""XState itself takes what we write, and moves through it as we do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from designer.gallery.load import gallery_entries
from orchestrator.formats import xstate
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse
from orchestrator.statechart.transition import Event, LoopError, start, transition
from tests.formats.charts import seeded
from tests.formats.npm import program, unpacked
from tests.statechart.support import BEGINNING, ENVIRONMENT

VERSION = "5.33.3"
DRIVER = Path(__file__).with_name("xstate_driver.mjs")
KINDS = ("atomic",) * 3 + ("compound",) * 3 + ("parallel",)
EVENTS = ("a", "b", "c.d", "c.e")


class Structure:
    """A random chart of nothing but states and ways, in which both engines should stand in the same states."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.count = 0
        states = self.level(3)
        self.document: dict[str, Any] = {"signalbox": 1, "id": "m", "initial": next(iter(states)), "states": states}
        for key, state in list(walk(states)):
            self.ways(key, state)

    def level(self, depth: int) -> dict[str, Any]:
        return {self.name(): self.state(depth) for _ in range(self.dice.randint(2, 3))}

    def name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def state(self, depth: int) -> dict[str, Any]:
        kind = self.dice.choice(KINDS) if depth else "atomic"
        if kind == "atomic":
            return {}
        states = self.level(depth - 1)
        if kind == "parallel":
            return {"type": "parallel", "states": states}
        first = next(iter(states))
        if self.dice.random() < 0.4:
            kept = self.dice.choice(("deep", "shallow"))
            states[self.name()] = {"type": "history", "history": kept, "initial": first}
        if self.dice.random() < 0.4:
            states[self.name()] = {"type": "final"}
        return {"initial": first, "states": states}

    def ways(self, key: str, state: dict[str, Any]) -> None:
        if state.get("type") in {"final", "history"}:
            return
        keys = [other for other, _ in walk(self.document["states"])]
        events = self.dice.sample((*EVENTS, "c.*"), self.dice.randint(0, 3))
        state["on"] = [self.way(event, keys) for event in events]
        if state.get("states") and self.dice.random() < 0.5:
            state["onDone"] = [{"target": self.dice.choice(keys)}]

    def way(self, event: str, keys: Sequence[str]) -> dict[str, Any]:
        way: dict[str, Any] = {"event": event}
        if self.dice.random() < 0.9:
            way |= {"target": self.dice.choice(keys), "internal": self.dice.random() < 0.5}
        return way


def walk(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, state in states.items():
        yield key, state
        yield from walk(state.get("states", {}))


def course(chart: Chart, events: Sequence[str]) -> list[list[str]]:
    """The leaves that are active at the start and after each event, until the chart ends or goes round for ever."""
    try:
        snapshot = start(chart, {}, BEGINNING, ENVIRONMENT).snapshot
        stands = [leaves(chart, snapshot.configuration)]
        for name in events:
            if snapshot.status != "running":
                break
            snapshot = transition(chart, snapshot, Event(name), BEGINNING, ENVIRONMENT).snapshot
            stands.append(leaves(chart, snapshot.configuration))
    except LoopError:
        stands.append(["for ever"])
    return stands


def leaves(chart: Chart, configuration: Sequence[str]) -> list[str]:
    return sorted(key for key in configuration if not chart.states[key].children)


def driven(cases: Sequence[dict[str, Any]], tmp_path: Path) -> list[Any]:
    """What XState says of each case: its courses, or the error it raised."""
    asked = tmp_path / "cases.json"
    asked.write_text(json.dumps(cases))
    library = unpacked("xstate", VERSION) / "dist" / "xstate.cjs.js"
    command = [program("node"), str(DRIVER), str(library), str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    told: list[Any] = json.loads(done.stdout)
    return told


def case(chart: Chart, events: Sequence[str] = ()) -> dict[str, Any]:
    return {"config": json.loads(xstate.write(chart).text), "events": events}


def test_xstate_stands_where_we_stand_unless_a_note_says_otherwise(tmp_path: Path) -> None:
    cases, ours = [], []
    for seed in range(600):
        chart = parse(Structure(seed).document)
        events = Random(seed).choices(EVENTS, k=12)
        if not xstate.write(chart).notes:
            cases.append(case(chart, events))
            ours.append(course(chart, events))
    differing = [case for case, own, told in zip(cases, ours, driven(cases, tmp_path), strict=True) if own != told]
    assert differing == []
    assert len(cases) > 200


def test_xstate_takes_charts_that_use_every_construct(tmp_path: Path) -> None:
    charts = [parse(seeded(seed)) for seed in range(150)] + [parse(entry.document) for entry in gallery_entries()]
    told = driven([{**case(chart), "only": "build"} for chart in charts], tmp_path)
    assert [each for each in told if each != "built"] == []
