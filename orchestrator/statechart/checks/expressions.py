"""Expressions: every guard, assignment, template and computed duration must compile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.statechart.checks.problem import Problem, error
from orchestrator.statechart.definition import JSON, Action, Activity, Assign, Chart, Log, Raise, Send, State
from orchestrator.statechart.expressions import check as compile_error
from orchestrator.statechart.expressions import check_template


class Found(NamedTuple):
    """A text of the chart: where it stands, and what it is (`guard`, `expression` or `template`)."""

    ref: str
    field: str
    text: str
    kind: str


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every expression, in document order; equal texts are compiled once."""
    for state in chart.states.values():
        for found in texts(state):
            if found.kind == "template":
                reason = check_template(found.text)
            else:
                reason = compile_error(found.text, boolean=found.kind == "guard")
            if reason:
                message = f"The {found.kind} does not compile: {reason}"
                fix = "Correct the expression; it may read context, event, instance and now."
                yield error("expression", found.ref, found.field, message, fix)


def texts(state: State) -> Iterator[Found]:
    """Every text of a state that holds expressions."""
    yield from _actions(state.id, "entry", state.entry)
    yield from _actions(state.id, "exit", state.exit)
    if state.expected_within:
        yield Found(state.id, "expectedWithin", state.expected_within, "template")
    for transition in state.transitions:
        if transition.guard is not None:
            yield Found(transition.ref, "guard", transition.guard, "guard")
        if transition.delay is not None:
            yield Found(transition.ref, "delay", transition.delay, "template")
        yield from _actions(transition.ref, "actions", transition.actions)
    for activity in state.activities:
        yield from _activity(activity)


def _activity(activity: Activity) -> Iterator[Found]:
    yield from _templates(activity.ref, "input", dict(activity.input))
    yield Found(activity.ref, "timeout", activity.timeout, "template")
    if activity.idempotency_key:
        yield Found(activity.ref, "idempotencyKey", activity.idempotency_key, "template")
    if activity.compensation is not None:
        yield from _templates(activity.ref, "compensate", dict(activity.compensation.input))
        yield Found(activity.ref, "compensate", activity.compensation.timeout, "template")


def _actions(ref: str, field: str, actions: Iterable[Action]) -> Iterator[Found]:
    for action in actions:
        match action:
            case Assign(expr=expr) | Log(expr=expr):
                yield Found(ref, field, expr, "expression")
            case Raise(data=data):
                yield from _templates(ref, field, data)
            case Send(data=data, delay=delay):
                yield from _templates(ref, field, data)
                if delay:
                    yield Found(ref, field, delay, "template")


def _templates(ref: str, field: str, value: JSON) -> Iterator[Found]:
    """The texts within a JSON value."""
    if isinstance(value, str):
        if "${" in value:
            yield Found(ref, field, value, "template")
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _templates(ref, field, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _templates(ref, field, inner)
