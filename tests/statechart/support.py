"""One instance of a small chart in the pure core on a virtual clock; the test itself answers its activities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.statechart import lifecycle
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.document import parse
from orchestrator.statechart.effects import (
    CancelActivity,
    CancelTimer,
    ClearDeadline,
    Effect,
    LogMessage,
    OpenIncident,
    SetDeadline,
    SetTimer,
    StartActivity,
)
from orchestrator.statechart.snapshot import Snapshot, from_json, to_json
from orchestrator.statechart.transition import Environment, Event, Step, start, transition
from orchestrator.statechart.validate import validate

Document = dict[str, Any]
Refused = TypeVar("Refused", bound=Exception)
ROOT = Path(__file__).parents[2]
BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ENVIRONMENT = Environment(instance_id=7, instance_key="SO-7")


def document(states: Document, **more: Any) -> Document:
    """A whole document of these states; the first one is initial unless told otherwise."""
    return {"signalbox": 1, "id": "test", "initial": next(iter(states), None), **more, "states": states}


NOT_YET = ("send-target",)  # what the core can do and the runtime cannot


def chart_of(states: Document, **more: Any) -> Chart:
    """The chart of these states, which must have no errors but those of the runtime."""
    chart = parse(document(states, **more))
    problems = [problem for problem in validate(chart) if problem.severity == "error"]
    assert [problem for problem in problems if problem.code not in NOT_YET] == []
    return chart


def refusal(kind: type[Refused], use: Callable[[], object]) -> Refused | None:
    """The error of this kind which the call raises, if it does; any other one is raised on."""
    try:
        use()
    except kind as error:
        return error
    return None


def on(event: str, target: str | list[str] | None = None, **more: Any) -> Document:
    """A transition of a state's `on`."""
    return {"event": event, **({"target": target} if target else {}), **more}


def assign(to: str, expr: str) -> Document:
    return {"type": "assign", "to": to, "expr": expr}


def mark(word: str) -> Document:
    """An action which writes its turn into the context."""
    return assign("order", f"context.order + ['{word}']")


def call(key: str, **more: Any) -> Document:
    """An activity."""
    return {"id": key, "kind": "python", "title": f"Call {key}", "input": {"callable": key}, **more}


def undo(key: str, **more: Any) -> Document:
    """A compensation whose input shows what it undoes."""
    return {"kind": "python", "title": f"Undo {key}", "input": {"callable": f"undo_{key}", "of": "${result}"}, **more}


class Driver:
    """Runs a chart. Every step starts from a snapshot that was read back from its JSON text."""

    step: Step
    environment = ENVIRONMENT

    def __init__(
        self,
        states: Document,
        context: Mapping[str, JSON] | None = None,
        declared: Mapping[str, JSON] | None = None,
        **more: Any,
    ) -> None:
        """`context` is given to the instance, `declared` is what the chart itself says."""
        self.chart = chart_of(states, **({"context": declared} if declared else {}), **more)
        self.now = BEGINNING
        self.timers: dict[str, SetTimer] = {}
        self.deadlines: dict[str, SetDeadline] = {}
        self.activities: dict[str, StartActivity] = {}
        self.failed: dict[str, StartActivity] = {}
        self.started: list[str] = []
        self.incidents: list[OpenIncident] = []
        self.log: list[str] = []
        self._take(start(self.chart, dict(context or {}), self.now, self.environment))

    @property
    def snapshot(self) -> Snapshot:
        return from_json(to_json(self.step.snapshot))

    @property
    def active(self) -> set[str]:
        """The innermost active states."""
        return {state for state in self.step.snapshot.configuration if not self.chart.states[state].children}

    @property
    def context(self) -> Mapping[str, Any]:
        return self.step.snapshot.context

    @property
    def status(self) -> str:
        return self.step.snapshot.status

    @property
    def refs(self) -> list[tuple[str, ...]]:
        """The transitions taken in the last step, micro step by micro step."""
        return [microstep.transitions for microstep in self.step.microsteps]

    def send(self, name: str, /, **data: JSON) -> Driver:
        return self.take_in(name, data)

    def take_in(self, name: str, data: JSON) -> Driver:
        """One event with any data."""
        event = Event(name=name, data=data, source="test")
        return self._take(transition(self.chart, self.snapshot, event, self.now, self.environment))

    def wait(self, **duration: int) -> Driver:
        """Let time pass; timers fire in order."""
        until = self.now + timedelta(**duration)
        while due := sorted((t for t in self.timers.values() if t.due <= until), key=lambda timer: timer.due):
            timer = self.timers.pop(due[0].id)
            self.now = timer.due
            self.take_in(timer.event, timer.data)
        self.now = until
        return self

    def answer(self, activity: str, result: JSON = None) -> Driver:
        """The activity ends well."""
        return self._end("done", activity, {"result": result})

    def failure(self, activity: str, message: str = "broken", kind: str = "Broken") -> Driver:
        """The activity has used up its attempts."""
        return self._end("error", activity, {"error": {"class": kind, "message": message}})

    def mend(self, **context: JSON) -> Driver:
        """Put right by hand what an instance that failed could not work out; the core has no such step."""
        self.step = self.step._replace(snapshot=self.step.snapshot._replace(context=context))
        return self

    def cancel(self) -> Driver:
        return self._take(lifecycle.cancel(self.chart, self.snapshot, self.now, self.environment))

    def resume(self) -> Driver:
        """The runtime tries failed runs again which the instance still waits for."""
        self._take(lifecycle.resume(self.chart, self.snapshot, self.now, self.environment))
        for invocation in self.step.snapshot.invocations.values():
            if invocation in self.failed:
                self.activities[invocation] = self.failed.pop(invocation)
        return self

    def asked(self, activity: str) -> StartActivity:
        """The run of an activity, or of the compensation of one (`undo_<id>`), which is waited for."""
        found = [run for run in self.activities.values() if run.input["callable"] == activity]
        assert len(found) == 1, f"{activity} runs {len(found)} times among {list(self.activities)}"
        return found[0]

    def _end(self, how: str, activity: str, data: dict[str, JSON]) -> Driver:
        return self.end(self.asked(activity), how, data)

    def end(self, run: StartActivity, how: str, data: dict[str, JSON]) -> Driver:
        """A run that is waited for ends, `done` or with `error`."""
        if how == "done" or not run.compensates:  # a failed compensation waits for its retry where it is
            del self.activities[run.invocation]
        if how == "error":
            self.failed[run.invocation] = run
        subject = "compensation" if run.compensates else f"invoke.{run.activity}"
        return self.send(f"{how}.{subject}", invocation=run.invocation, **data)

    def skip(self, activity: str, **given: JSON) -> Driver:
        """An operator takes an activity as done, perhaps with a `result`."""
        return self._take(lifecycle.skip(self.chart, self.snapshot, activity, given, self.now, self.environment))

    def move(self, target: str) -> Driver:
        """An operator puts the instance into a state."""
        return self._take(lifecycle.move(self.chart, self.snapshot, target, self.now, self.environment))

    def _take(self, step: Step) -> Driver:
        self.step = step
        for effect in step.effects:
            self._carry_out(effect)
        return self

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case SetTimer():
                self.timers[effect.id] = effect
            case CancelTimer():
                self.timers.pop(effect.id, None)
            case SetDeadline():
                self.deadlines[effect.state] = effect
            case ClearDeadline():
                self.deadlines.pop(effect.state, None)
            case StartActivity():
                assert effect.invocation not in self.started
                self.started.append(effect.invocation)
                self.activities[effect.invocation] = effect
            case CancelActivity():
                self.activities.pop(effect.invocation, None)
            case OpenIncident():
                self.incidents.append(effect)
            case LogMessage():
                self.log.append(effect.message)
