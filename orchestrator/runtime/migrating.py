"""A migration as the batch and the replay apply it: one input after which an instance goes on in another version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.runtime.inputs import ENDED, Input, step_of
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.lifecycle import Refused
from orchestrator.statechart.migration import Verdict, judge, migrate
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.steps import Environment, Step

MIGRATE = "migrate"
ChartOf = Callable[[int, str], Chart]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the data of the command say: from which version (id) to which, how states map, which losses are taken."""

    before: int
    after: int
    mapping: Mapping[str, str]
    accepted: tuple[str, ...] = ()

    def as_data(self) -> dict[str, object]:
        told = {"from": self.before, "to": self.after, "mapping": dict(self.mapping), "accept": list(self.accepted)}
        return {name: value for name, value in told.items() if value}


@dataclass(slots=True)
class Course:
    """The version and chart of an instance from input to input."""

    chart_of: ChartOf
    version: int
    part: str

    @property
    def chart(self) -> Chart:
        return self.chart_of(self.version, self.part)

    def step(self, snapshot: Snapshot | None, given: Input, env: Environment) -> Step | None:
        """What the core makes of one input, as `step_of`; a migration leads on to the new version. Raises Refused."""
        if not migrates(given):
            return step_of(self.chart, snapshot, given, env)
        wish = wish_of(given)
        if snapshot is None or snapshot.status in ENDED or self.version == wish.after:
            return None
        if self.version != wish.before:
            raise Refused("the instance was taken over into another version meanwhile; plan its migration anew")
        new = new_chart(self.chart_of, wish.after, self.part)
        verdict = judge(self.chart, new, snapshot, wish.mapping, wish.accepted)
        if verdict.kind != "fits":
            raise Refused(told(verdict))
        step = migrate(self.chart, new, snapshot, wish.mapping, given.occurred_at, env)
        self.version = wish.after
        return step


def migrates(given: Input) -> bool:
    return given.kind == "command" and given.name == MIGRATE


def wish_of(given: Input) -> Wish:
    data = json.loads(given.data)
    return Wish(data["from"], data["to"], data.get("mapping", {}), tuple(data.get("accept", ())))


def new_chart(chart_of: ChartOf, version: int, part: str) -> Chart:
    """The chart in which an instance would go on. Raises Refused for a child whose chart is gone."""
    try:
        return chart_of(version, part)
    except LookupError:
        raise Refused(f"the new version has no child chart at {part}") from None


def told(verdict: Verdict) -> str:
    """Why an instance does not fit, in one text."""
    return "; ".join(f"{reason.message}. {reason.mend}" for reason in verdict.reasons)
