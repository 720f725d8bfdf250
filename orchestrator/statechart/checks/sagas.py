"""Failure: what is tried again, what is undone, who is called, and whether a repeat can be recognised."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.flow import Flow, flow_of
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.walk import flat, state_blocks
from orchestrator.statechart.definition import Activity, Chart, Compensate, State
from orchestrator.statechart.structure import structure_of

SAFE_METHODS = ("GET", "HEAD")
NEVER_AGAIN = ("chart", "human")  # their failure is an answer, and trying again would not change it
SAME_TWICE = (*SAFE_METHODS, "PUT", "DELETE")  # the HTTP methods which may be repeated (RFC 9110, 9.2.2)


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every activity, in document order."""
    flow = flow_of(chart)
    undoing = _undoing(chart)
    saga = bool(undoing) or any(a.compensation for s in chart.states.values() for a in s.activities)
    before = flow.leading_to(undoing) if saga else frozenset[str]()
    for state in chart.states.values():
        for activity in state.activities:
            yield from _tried(activity)
            yield from _keys(flow, state, activity)
            if activity.on_failure == "escalate" and not _owner(chart, state):
                message = f"“{activity.title}” escalates, but neither its state nor the chart has an owner."
                yield problem("escalation-no-owner", activity.ref, "onFailure", message, "Name an owner.")
            if not activity.compensation and _effects(activity) and not before.isdisjoint(flow.after_done(activity)):
                message = f"When what was done is undone later, “{activity.title}” stays done."
                fix = "Add a compensation, or silence this when there is nothing to undo."
                yield problem("no-compensation", activity.ref, "compensate", message, fix)


def _tried(activity: Activity) -> Iterator[Problem]:
    if activity.on_failure == "fail" and activity.retry.max_attempts == 1 and activity.kind not in NEVER_AGAIN:
        message = f"“{activity.title}” is tried once, and a failure stops the instance until a person comes."
        fix = "Give it a retry policy, or say in onFailure where a failure leads."
        yield problem("no-retry", activity.ref, "retry", message, fix)
    undo = activity.compensation
    if undo is not None and undo.retry.max_attempts == 1 and undo.kind not in NEVER_AGAIN:
        message = f"“{undo.title}” is tried once; when it fails, what was done stays half undone."
        yield problem("compensation-no-retry", activity.ref, "compensate", message, "Let it be tried several times.")


def _keys(flow: Flow, state: State, activity: Activity) -> Iterator[Problem]:
    """Attempts share a key by default; but each entry of the state makes another one."""
    key = activity.idempotency_key
    if key is not None and "${" not in key:
        message = f"Every instance sends “{key}”, so a receiver takes their requests for one and the same."
        yield problem("shared-key", activity.ref, "idempotencyKey", message, "Begin it with ${instance.key}.")
    if key is None and activity.kind == "http" and _method(activity) not in SAME_TWICE and flow.comes_again(state.id):
        message = f"When the state is entered again, “{activity.title}” is sent again under another key."
        fix = "Give it an idempotencyKey such as ${instance.key}-payment, which stays the same."
        yield problem("no-idempotency-key", activity.ref, "idempotencyKey", message, fix)


def _method(activity: Activity) -> str:
    body = "json" in activity.input or "body" in activity.input
    return str(activity.input.get("method") or ("POST" if body else "GET")).upper()


def _effects(activity: Activity) -> bool:
    """Whether it may change something that can be changed back; an email cannot be unsent."""
    if activity.kind == "http":
        return _method(activity) not in SAFE_METHODS
    return activity.kind == "python"


def _owner(chart: Chart, state: State) -> str:
    around = [chart.states[key].owner for key in (state.id, *structure_of(chart).ancestors[state.id])]
    return next((owner for owner in around if owner), chart.owner)


def _undoing(chart: Chart) -> frozenset[str]:
    """The states in which a compensation may begin."""
    return frozenset(
        state.id
        for state in chart.states.values()
        if any(activity.on_failure == "compensate" for activity in state.activities)
        or any(isinstance(action, Compensate) for block in state_blocks(state) for action in flat(block.actions))
    )
