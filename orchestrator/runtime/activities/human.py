"""Activities of kind `human` wait for a person; what is performed is only one whose input cannot be shown, to fail."""

from __future__ import annotations

from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, register
from orchestrator.runtime.human import KIND, TaskError, task_of
from orchestrator.statechart.definition import JSON


@register(KIND)
def perform(request: ActivityRequest) -> JSON:
    """Say what is wrong with the input."""
    try:
        task_of(request.input)
    except TaskError as error:
        raise ActivityError(str(error), "InvalidInput", permanent=True) from error
    raise ActivityError("a task is answered by a person, not performed", "InvalidInput", permanent=True)
