"""Waiting: nobody waits for ever without being told, and what is waited for fits into the timeout."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.durations import known_seconds
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.states import reachable
from orchestrator.statechart.checks.walk import by_person
from orchestrator.statechart.definition import Activity, Chart, Retry, Send, State, Transition
from orchestrator.statechart.durations import humanise
from orchestrator.statechart.structure import Structure, matches, structure_of

MAX_COUNTED = 64  # attempts; past this every backoff has reached its longest


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every state in which an instance waits, in document order."""
    structure = structure_of(chart)
    reached = frozenset(reachable(structure))
    delayed = _delayed(chart)
    for state in chart.states.values():
        around = (state, *(chart.states[key] for key in structure.ancestors[state.id]))
        if state.id in reached and _waits(structure, state) and not any(_is_timed(s, delayed) for s in around):
            message = f"An instance can wait in “{state.title}” for ever, and nobody is told."
            fix = "Add a timeout, or an expected time after which somebody is told."
            yield problem("no-timeout", state.id, "expectedWithin", message, fix)
        yield from _against_timeout(state, around)


def _waits(structure: Structure, state: State) -> bool:
    """Whether an instance stays in this state until something comes from outside."""
    if state.type != "atomic" or not structure.is_leaf(state.id):
        return False
    around = [structure.chart.states[key] for key in (state.id, *structure.ancestors[state.id])]
    ways = [transition for held in around for transition in held.transitions]
    ends = [t for t in ways if t.kind in ("activity-done", "activity-error") and t.source == state.id and t.targets]
    own = [t for t in ends if not by_person(state, t)]
    sure = any(t.kind == "always" and t.guard is None and t.targets for t in ways)
    return not own and not sure and any(_from_outside(t, state) for t in ways)


def _from_outside(transition: Transition, state: State) -> bool:
    """Whether it leads on when somebody sends an event or answers a task; what the engine raises comes by itself."""
    inside = tuple(f"done.invoke.{activity.id}" for activity in state.activities if activity.kind != "human")
    own = all(event in inside or event == "done.compensate" for event in transition.events)
    return (transition.kind == "on" or by_person(state, transition)) and bool(transition.targets) and not own


def _is_timed(state: State, delayed: tuple[str, ...]) -> bool:
    """Whether time alone leads on from this state or calls somebody."""
    if state.expected_within or any(a.kind == "human" and a.input.get("due") for a in state.activities):
        return True
    return any(
        transition.kind == "after" or any(matches(transition, event) for event in delayed)
        for transition in state.transitions
    )


def _delayed(chart: Chart) -> tuple[str, ...]:
    """The events which states send to themselves with a delay: timeouts made by hand."""
    entries = [action for state in chart.states.values() for action in state.entry]
    return tuple(dict.fromkeys(a.event for a in entries if isinstance(a, Send) and a.delay and "${" not in a.event))


def _against_timeout(state: State, around: tuple[State, ...]) -> Iterator[Problem]:
    limit = min((seconds for held in around for seconds in _sure_timeouts(held)), default=None)
    if limit is None:
        return
    expected = known_seconds(state.expected_within)
    if expected is not None and expected >= limit:
        message = f"“{state.title}” is left after {humanise(limit)}, so its expected time never passes."
        yield problem(
            "expected-over-timeout", state.id, "expectedWithin", message, "Expect it sooner than the timeout."
        )
    for activity in state.activities:
        yield from _activity(activity, limit)


def _sure_timeouts(state: State) -> Iterator[float]:
    """After how long a timeout leaves the state whatever else holds."""
    for transition in state.transitions:
        seconds = known_seconds(transition.delay)
        if seconds is not None and transition.guard is None and transition.targets and not transition.internal:
            yield seconds


def _activity(activity: Activity, limit: float) -> Iterator[Problem]:
    if activity.kind == "human":
        yield from _task(activity, limit)
        return
    attempt = known_seconds(activity.timeout)
    if attempt is not None and attempt > limit:
        message = f"One attempt may last {humanise(attempt)}, but the state is left after {humanise(limit)}."
        fix = "Shorten the attempt, or lengthen the timeout of the state."
        yield problem("activity-over-timeout", activity.ref, "timeout", message, fix)
        return
    waits = waiting_time(activity.retry)
    if waits > limit:
        message = (
            f"Between its {activity.retry.max_attempts} attempts the activity may wait {humanise(waits)} in all, "
            f"but the state is left after {humanise(limit)}."
        )
        fix = "Retry less often or sooner, or lengthen the timeout of the state."
        yield problem("retry-over-timeout", activity.ref, "retry", message, fix)


def _task(activity: Activity, limit: float) -> Iterator[Problem]:
    """A person has neither attempts nor a timeout, but a due time."""
    due = activity.input.get("due")
    seconds = known_seconds(due) if isinstance(due, str) else None
    if seconds is not None and seconds >= limit:
        message = f"The state is left after {humanise(limit)}, so “{activity.title}” is never overdue."
        yield problem("expected-over-timeout", activity.ref, "input", message, "Make it due sooner than the timeout.")


def waiting_time(retry: Retry) -> float:
    """How long the waits between all attempts last; half of it with jitter, which on average halves them."""
    first, longest = known_seconds(retry.interval), known_seconds(retry.max_interval)
    if first is None or longest is None:
        return 0.0
    counted = min(retry.max_attempts - 1, MAX_COUNTED)
    waits = sum(min(first * max(1.0, retry.backoff) ** step, longest) for step in range(counted))
    waits += (retry.max_attempts - 1 - counted) * longest
    return waits / 2 if retry.jitter else waits
