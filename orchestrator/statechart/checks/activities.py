"""Activities: known kinds with the input they need, unique ids, and failure policies that lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.statechart.checks.durations import duration_problem, known_seconds
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.definition import JSON, Activity, Chart, Retry
from orchestrator.statechart.starting import CHILDREN

LONGEST_ATTEMPT = 900.0  # seconds
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "http": ("url",),
    "email": ("to", "subject", "text"),
    "python": ("callable",),
    "start": ("machine",),
    "publish": ("topic", "event"),
    "human": (),
}


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every activity, in document order."""
    seen: dict[str, str] = {}
    for state in chart.states.values():
        for activity in state.activities:
            if activity.id in seen:
                message = f"The id “{activity.id}” is also the id of the activity at {seen[activity.id]}."
                yield problem("same-id", activity.ref, "id", message, "Give one of them another id.")
            seen.setdefault(activity.id, activity.ref)
            if activity.kind != "chart":
                yield from _kind(activity.ref, "kind", activity.kind, activity.input)
            elif activity.chart is None and not activity.input.get("src"):
                message = "The activity names no chart to run."
                yield problem("missing-input", activity.ref, "input", message, "Fill in “src”, or give a “chart”.")
            yield from _policy(chart, activity)
            yield from _times(activity.ref, activity.kind, activity.timeout, activity.retry)
            if activity.compensation is not None:
                undo = activity.compensation
                yield from _kind(activity.ref, "compensate", undo.kind, undo.input)
                yield from _times(activity.ref, undo.kind, undo.timeout, undo.retry)


def _kind(ref: str, field: str, kind: str, given: Mapping[str, JSON]) -> Iterator[Problem]:
    # An undo that may itself be half done cannot be relied on.
    possible = [name for name in REQUIRED if field == "kind" or name not in CHILDREN]
    if kind not in possible:
        known = ", ".join(possible)
        yield problem("unknown-kind", ref, field, f"There is no activity kind “{kind}”.", f"Choose one of {known}.")
        return
    where = "input" if field == "kind" else "compensate"
    for name in REQUIRED[kind]:
        value = given.get(name)
        if value in (None, "", [], {}):
            message = f"The {kind} activity has no “{name}” in its input."
            yield problem("missing-input", ref, where, message, f"Fill in “{name}”.")


def _policy(chart: Chart, activity: Activity) -> Iterator[Problem]:
    if activity.on_failure != "catch":
        return
    caught = chart.transition(f"{activity.ref}/onFailure")
    if caught is None or not caught.targets:
        message = "The failure of the activity is caught but leads nowhere."
        yield problem("catch-nowhere", activity.ref, "onFailure", message, "Choose the state to go to.")


def _times(ref: str, kind: str, timeout: str, retry: Retry) -> Iterator[Problem]:
    yield from duration_problem(ref, "timeout", timeout)
    if kind != "human" and (known_seconds(timeout) or 0) > LONGEST_ATTEMPT:
        message = "One attempt may last 15 minutes at most."
        yield problem("long-attempt", ref, "timeout", message, "Shorten it, or start the work and wait for an event.")
    for text in (retry.interval, retry.max_interval):
        if "${" in text:
            message = f"The time between attempts cannot be computed, and “{text}” is not a duration."
            yield problem("duration", ref, "retry", message, "Write a duration such as PT30S.")
        yield from duration_problem(ref, "retry", text)
