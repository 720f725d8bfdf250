"""Runs a gallery machine in the pure core on a virtual clock; activities and their retries are performed at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from designer.gallery import activities
from designer.gallery.load import gallery_entries
from orchestrator.sdk.activities import ActivityFailed, lookup
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.document import parse
from orchestrator.statechart.effects import CancelActivity, CancelTimer, SetTimer, StartActivity
from orchestrator.statechart.transition import Environment, Event, Step, start, transition

BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ENVIRONMENT = Environment(instance_id=1, instance_key="key-1")
CALLABLES = activities.__name__


def chart_named(slug: str) -> Chart:
    documents = {entry.slug: entry.document for entry in gallery_entries()}
    return parse(documents[slug])


class Run:
    """One instance. `performed` lists what was called and how it ended, in order."""

    def __init__(self, slug: str, context: Mapping[str, JSON] | None = None) -> None:
        self.chart = chart_named(slug)
        self.now = BEGINNING
        self.timers: dict[str, SetTimer] = {}
        self.performed: list[str] = []
        self.inputs: list[Mapping[str, JSON]] = []
        self.waiting: deque[StartActivity] = deque()
        self._take(start(self.chart, dict(context or {}), self.now, ENVIRONMENT))
        self._perform()

    @property
    def states(self) -> set[str]:
        return {state for state in self.step.snapshot.configuration if not self.chart.states[state].children}

    @property
    def context(self) -> Mapping[str, JSON]:
        return self.step.snapshot.context

    @property
    def status(self) -> str:
        return self.step.snapshot.status

    def send(self, name: str, **data: JSON) -> Run:
        self._event(name, data)
        self._perform()
        return self

    def wait(self, **duration: int) -> Run:
        """Let time pass; timers fire in order."""
        until = self.now + timedelta(**duration)
        while due := sorted((t for t in self.timers.values() if t.due <= until), key=lambda timer: timer.due):
            timer = self.timers.pop(due[0].id)
            self.now = timer.due
            self._event(timer.event, timer.data)
            self._perform()
        self.now = until
        return self

    def _event(self, name: str, data: JSON) -> None:
        event = Event(name=name, data=data, source="test", occurred_at=self.now)
        self._take(transition(self.chart, self.step.snapshot, event, self.now, ENVIRONMENT))

    def _take(self, step: Step) -> None:
        assert step.errors == (), step.errors
        self.step = step
        for effect in step.effects:
            if isinstance(effect, SetTimer):
                self.timers[effect.id] = effect
            elif isinstance(effect, CancelTimer):
                self.timers.pop(effect.id, None)
            elif isinstance(effect, StartActivity):
                self.waiting.append(effect)
            elif isinstance(effect, CancelActivity):
                self.waiting = deque(a for a in self.waiting if a.invocation != effect.invocation)

    def _perform(self) -> None:
        while self.waiting:
            wanted = self.waiting.popleft()
            self.inputs.append(wanted.input)
            name, data = "done", self._attempt(wanted)
            if "error" in data:
                name = "error"
            subject = "compensation" if wanted.compensates else f"invoke.{wanted.activity}"
            self._event(f"{name}.{subject}", {"invocation": wanted.invocation, **data})

    def _attempt(self, wanted: StartActivity) -> dict[str, JSON]:
        """The last attempt's result or error; permanent failures are not tried again."""
        called = wanted.kind if wanted.kind == "email" else str(wanted.input["callable"])
        for _ in range(wanted.retry.max_attempts):
            try:
                result = _call(wanted)
            except ActivityFailed as error:
                self.performed.append(f"{called}: {error.error_class}")
                failed: dict[str, JSON] = {"error": {"class": error.error_class, "message": error.message}}
                if error.permanent:
                    break
            else:
                self.performed.append(called)
                return {"result": result}
        return failed


def _call(wanted: StartActivity) -> JSON:
    if wanted.kind == "email":
        assert all(isinstance(wanted.input[key], str) for key in ("to", "subject", "text"))
        return {"message_id": "test"}
    args = wanted.input["args"]
    assert isinstance(args, dict)
    return lookup(str(wanted.input["callable"]))(**args)
