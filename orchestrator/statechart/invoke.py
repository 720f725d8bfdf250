"""Activities of a state: started when a step settles, answered by an event, given up by a failure policy."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.statechart import content, fanout, saga, sending, starting
from orchestrator.statechart.definition import JSON, Activity
from orchestrator.statechart.effects import CancelActivity, SendTo
from orchestrator.statechart.expressions import ExpressionError
from orchestrator.statechart.locations import assigned
from orchestrator.statechart.run import Run
from orchestrator.statechart.snapshot import Undoable
from orchestrator.statechart.starting import DONE, FAILED
from orchestrator.statechart.steps import Event


def finalize(run: Run, event: Event) -> None:
    """Before an event of a child is taken in, its `finalize` may take over what it brings (SCXML 6.5)."""
    if event.invoke_id in run.invocations:
        _, activity = run.structure.activities[event.invoke_id]
        if activity.finalize:
            run.hear(event)
            content.execute(run, activity.finalize)


def forward(run: Run, event: Event) -> None:
    """Children that ask for it hear every event that comes from outside (SCXML 6.4: autoforward)."""
    for name, invocation in run.invocations.items():
        _, activity = run.structure.activities.get(name, ("", None))
        if activity is not None and activity.autoforward:
            target = f"{sending.CHILD}{name}"
            run.effects.append(SendTo("", target, event.name, run.now, event.data, event.send_id, invocation))


def start_all(run: Run) -> None:
    """Start the activities of the states that were entered and are still active, in entry order (SCXML: invoke)."""
    wanted, run.to_invoke = run.structure.in_order(run.to_invoke), {}
    for key in wanted:
        for activity in run.structure.chart.states[key].activities:
            start(run, key, activity)


def start(run: Run, state: str, activity: Activity) -> None:
    """Ask for one activity; when its input cannot be worked out it has failed already (SCXML 6.4: invoke)."""
    invocation = f"{activity.id}.{run.number()}"
    run.invocations[activity.id] = invocation
    try:
        if activity.id_to:
            run.context = assigned(run.context, activity.id_to, activity.id)
        if activity.map is None:
            run.effects.append(starting.request(run, state, activity, invocation, run.scope()))
        else:
            fanout.begin(run, state, activity, invocation)
    except ExpressionError as error:
        _not_started(run, activity, invocation, str(error))


def _not_started(run: Run, activity: Activity, invocation: str, message: str) -> None:
    """Its failure policy decides; of a child chart the chart is told alone (SCXML 6.4.3: error.execution)."""
    if activity.kind == "chart":
        del run.invocations[activity.id]
        run.fail(message)
        return
    run.errors.append(message)
    run.unstarted.add(activity.id)
    data: dict[str, JSON] = {"invocation": invocation, "error": {"class": "ExpressionError", "message": message}}
    run.raise_event(Event(FAILED + activity.id, data, kind="platform"))


def stop(run: Run, state: str) -> None:
    """The state is left: nobody waits for its activities any more (SCXML: cancelInvoke)."""
    run.to_invoke.pop(state, None)
    for activity in run.structure.chart.states[state].activities:
        run.given_up.pop(activity.id, None)
        run.suspended = tuple(name for name in run.suspended if name != activity.id)
        abandon(run, activity)
        run.fans.pop(activity.id, None)
        run.unstarted.discard(activity.id)


def abandon(run: Run, activity: Activity) -> None:
    """Nobody waits for the runs of this activity any more."""
    invocation = run.invocations.pop(activity.id, None)
    if activity.map is not None:
        fanout.stop(run, activity.id)
    elif invocation is not None and activity.id not in run.unstarted:
        run.effects.append(CancelActivity(invocation))


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
    if not event.name.startswith((DONE, FAILED)):
        return False
    name = event.name.removeprefix(DONE).removeprefix(FAILED)
    return name in run.structure.activities and "invocation" in event.fields


def is_late_end(run: Run, event: Event) -> bool:
    """Whether a child chart ended while its state was being left: unlike a late result this is heard (SCXML 6.4)."""
    name = event.name.removeprefix(DONE)
    if name == event.name or run.structure.activities[name][1].kind != "chart":
        return False
    result = event.fields.get("result")
    run.hear(event._replace(data=result, invoke_id=name), result)
    return True


def take_result(run: Run, activity: Activity, event: Event) -> None:
    """Keep the result where the chart wants it and remember how to undo it; `event` becomes the result itself."""
    invocation = run.invocations.pop(activity.id)
    run.fans.pop(activity.id, None)
    result = event.fields.get("result")
    told = event._replace(data=result, invoke_id=activity.id)
    run.hear(told, result if isinstance(result, Mapping) or activity.kind == "chart" else {"result": result})
    if event.fields.get("skipped"):
        return
    if activity.result:
        run.context = {**run.context, activity.result: result}
    if activity.compensation and activity.map is None:
        saga.remember(run, Undoable(invocation, activity.id, result))


def give_up(run: Run, activity: Activity, event: Event) -> None:
    """No transition takes the failure, so the activity's policy decides."""
    if activity.on_failure == "skip":
        invocation = run.invocations[activity.id]
        run.raise_event(Event(DONE + activity.id, {"invocation": invocation, "skipped": True}, kind="platform"))
    elif activity.on_failure == "compensate":
        run.invocations.pop(activity.id)
        saga.begin(run)
    else:
        error = event.fields.get("error")
        reason = str(error.get("message", "")) if isinstance(error, Mapping) else ""
        run.given_up[activity.id] = f"{activity.title}: {reason}" if reason else activity.title
