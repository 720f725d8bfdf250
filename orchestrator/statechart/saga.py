"""Compensation: completed activities are undone one after another, last first, each logically once."""

from __future__ import annotations

from orchestrator.statechart.definition import Compensation
from orchestrator.statechart.effects import OpenIncident, StartActivity
from orchestrator.statechart.expressions import ExpressionError
from orchestrator.statechart.run import Run
from orchestrator.statechart.snapshot import Undoable
from orchestrator.statechart.steps import Event
from orchestrator.statechart.values import rendered, seconds

ALL_UNDONE = "done.compensate"
DONE, FAILED = "done.compensation", "error.compensation"


def remember(run: Run, completed: Undoable) -> None:
    """Keep how to undo an activity; the last one stays last while its compensation runs."""
    at = len(run.undoables) - (run.compensating is not None)
    run.undoables.insert(at, completed)


def begin(run: Run) -> None:
    """Start to undo; one that is under way goes on."""
    if run.compensating is None:
        run.status = "compensating"
        undo_next(run)


def undo_next(run: Run) -> None:
    """Start the compensation of the last completed activity, or tell the chart that all is undone."""
    while run.undoables:
        last = run.undoables[-1]
        state, activity = run.structure.activities.get(last.activity, ("", None))
        if activity is not None and activity.compensation is not None:
            _undo(run, state, activity.id, activity.compensation, last)
            return
        run.undoables.pop()  # this version of the chart no longer says how to undo it
    run.compensating = None
    run.raise_event(Event(ALL_UNDONE, kind="platform"))


def _undo(run: Run, state: str, activity: str, how: Compensation, last: Undoable) -> None:
    """Start one compensation; its key is the same however often it is started, so that a receiver undoes once."""
    run.compensating = f"{activity}.undo.{run.number()}"
    try:
        asked, timeout = rendered(how.input, run.scope_with(result=last.result)), seconds(how.timeout, run)
    except ExpressionError as error:
        _give_up(run, state, f"{how.title}: {error}")
        return
    run.effects.append(
        StartActivity(
            invocation=run.compensating,
            activity=activity,
            kind=how.kind,
            title=how.title,
            state=state,
            input=asked,
            timeout=timeout,
            retry=how.retry,
            idempotency_key=f"undo-{run.env.instance_id}-{last.invocation}",
            compensates=last.invocation,
        )
    )


def _give_up(run: Run, state: str, message: str) -> None:
    """The input cannot be worked out: the instance fails and a retry works it out anew."""
    run.errors.append(message)
    run.undo_failed = (state, message)


def accept(run: Run, event: Event) -> bool:
    """Take in the answer of the running compensation; False when it answers none that is waited for."""
    if run.compensating is None or event.fields.get("invocation") != run.compensating:
        return False
    if event.name == DONE:
        run.undoables.pop()
        run.undone = True
        undo_next(run)
        return True
    error = event.fields.get("error")
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    last = run.undoables[-1]
    state, activity = run.structure.activities.get(last.activity, ("", None))
    title = activity.compensation.title if activity and activity.compensation else last.activity
    run.effects.append(OpenIncident("compensation-failed", state, f"{title}: {message}"))
    return True
