"""Activities of kind `python`: a registered callable, called with keyword arguments."""

from __future__ import annotations

from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, known_keys, register, text_of
from orchestrator.sdk.activities import ActivityFailed, lookup
from orchestrator.statechart.definition import JSON

KEYS = frozenset({"callable", "args"})


@register("python")
def perform(request: ActivityRequest) -> JSON:
    """Call `input.callable` with `input.args`; its exceptions become errors of their class's name."""
    known_keys(request.input, KEYS)
    name, args = text_of(request.input, "callable"), request.input.get("args", {})
    if not isinstance(args, dict):
        raise ActivityError("input.args must be a map of keyword arguments", "InvalidInput", permanent=True)
    try:
        implementation = lookup(name)
    except LookupError as error:
        raise ActivityError(str(error), "UnknownCallable", permanent=True) from error
    try:
        return implementation(**args)
    except ActivityFailed as error:
        raise ActivityError(error.message, error.error_class, error.permanent) from error
    except ActivityError:
        raise
    except Exception as error:
        raise ActivityError(str(error) or type(error).__name__, type(error).__name__) from error
