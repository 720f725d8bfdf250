"""Activities of a state: started when a step settles, answered by an event, given up by a failure policy."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.statechart import saga
from orchestrator.statechart.definition import JSON, Activity
from orchestrator.statechart.effects import CancelActivity, StartActivity
from orchestrator.statechart.expressions import ExpressionError, render, written
from orchestrator.statechart.run import Run
from orchestrator.statechart.snapshot import Undoable
from orchestrator.statechart.steps import Event
from orchestrator.statechart.values import rendered, seconds

DONE, FAILED = "done.invoke.", "error.invoke."


def start_all(run: Run) -> None:
    """Start the activities of the states that were entered and are still active, in entry order (SCXML: invoke)."""
    wanted, run.to_invoke = run.structure.in_order(run.to_invoke), {}
    for key in wanted:
        for activity in run.structure.chart.states[key].activities:
            start(run, key, activity)


def start(run: Run, state: str, activity: Activity) -> None:
    """Ask for one activity; when its input cannot be worked out it has failed already."""
    invocation = f"{activity.id}.{run.number()}"
    run.invocations[activity.id] = invocation
    try:
        asked = rendered(activity.input, run.scope())
        key = written(render(activity.idempotency_key, run.scope())) if activity.idempotency_key else None
        timeout = seconds(activity.timeout, run)
    except ExpressionError as error:
        run.errors.append(str(error))
        run.unstarted.add(activity.id)
        failure: dict[str, JSON] = {"class": "ExpressionError", "message": str(error)}
        run.raise_event(Event(FAILED + activity.id, {"invocation": invocation, "error": failure}))
        return
    run.effects.append(
        StartActivity(
            invocation=invocation,
            activity=activity.id,
            kind=activity.kind,
            title=activity.title,
            state=state,
            input=asked,
            timeout=timeout,
            retry=activity.retry,
            idempotency_key=key,
        )
    )


def stop(run: Run, state: str) -> None:
    """The state is left: nobody waits for its activities any more (SCXML: cancelInvoke)."""
    run.to_invoke.pop(state, None)
    for activity in run.structure.chart.states[state].activities:
        run.given_up.pop(activity.id, None)
        run.suspended = tuple(name for name in run.suspended if name != activity.id)
        invocation = run.invocations.pop(activity.id, None)
        if invocation is not None and activity.id not in run.unstarted:
            run.effects.append(CancelActivity(invocation))
        run.unstarted.discard(activity.id)


def answered(run: Run, event: Event) -> Activity | None:
    """The activity that this event answers; None for another event, and for an answer nobody waits for."""
    for prefix in (DONE, FAILED):
        if event.name.startswith(prefix):
            name = event.name.removeprefix(prefix)
            _, activity = run.structure.activities.get(name, ("", None))
            waited = run.invocations.get(name)
            if activity is not None and waited is not None and waited == event.fields.get("invocation"):
                return activity
    return None


def is_answer(run: Run, event: Event) -> bool:
    """Whether the event is one that only an activity of this chart sends."""
    name = event.name.removeprefix(DONE).removeprefix(FAILED)
    return name != event.name and name in run.structure.activities and "invocation" in event.fields


def take_result(run: Run, activity: Activity, event: Event) -> None:
    """Keep the result where the chart wants it and remember how to undo it; `event` becomes the result itself."""
    invocation = run.invocations.pop(activity.id)
    result = event.fields.get("result")
    if event.fields.get("skipped"):
        run.event = {"result": None}
        return
    run.event = result if isinstance(result, Mapping) else {"result": result}
    if activity.result:
        run.context = {**run.context, activity.result: result}
    if activity.compensation:
        saga.remember(run, Undoable(invocation, activity.id, result))


def give_up(run: Run, activity: Activity, event: Event) -> None:
    """No transition takes the failure, so the activity's policy decides."""
    if activity.on_failure == "skip":
        invocation = run.invocations[activity.id]
        run.raise_event(Event(DONE + activity.id, {"invocation": invocation, "skipped": True}))
    elif activity.on_failure == "compensate":
        run.invocations.pop(activity.id)
        saga.begin(run)
    else:
        error = event.fields.get("error")
        reason = str(error.get("message", "")) if isinstance(error, Mapping) else ""
        run.given_up[activity.id] = f"{activity.title}: {reason}" if reason else activity.title
