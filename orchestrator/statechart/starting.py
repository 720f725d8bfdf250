"""The request for one run of an activity, with all that its templates say worked out."""

from __future__ import annotations

from orchestrator.statechart.definition import Activity
from orchestrator.statechart.effects import StartActivity
from orchestrator.statechart.expressions import Scope, render, written
from orchestrator.statechart.run import Run
from orchestrator.statechart.values import rendered, seconds

DONE, FAILED = "done.invoke.", "error.invoke."
CHILDREN = frozenset({"chart", "start"})  # kinds of activities which are instances of their own


def request(run: Run, state: str, activity: Activity, invocation: str, scope: Scope) -> StartActivity:
    """What to start. Raises ExpressionError."""
    key = activity.idempotency_key
    return StartActivity(
        invocation=invocation,
        activity=activity.id,
        kind=activity.kind,
        title=activity.title,
        state=state,
        input=rendered(activity.input, scope),
        timeout=seconds(activity.timeout, run),
        retry=activity.retry,
        idempotency_key=written(render(key, scope)) if key else None,
        chart=activity.chart,
    )
