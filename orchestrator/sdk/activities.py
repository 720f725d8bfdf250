"""Python callables which charts may start as activities of kind `python`, registered under a name.

    @activity("payments.charge")
    def charge(amount: float, card: str) -> JSON: ...

A chart names it as `{"kind": "python", "input": {"callable": "payments.charge", "args": {"amount": ...}}}`; the
arguments arrive as keywords. Modules listed in `settings.ACTIVITY_MODULES` are imported by every worker. A callable may
run more than once for the same invocation, so it must be safe to repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from orchestrator.statechart.definition import JSON

Implementation = TypeVar("Implementation", bound=Callable[..., JSON])

_REGISTRY: dict[str, Callable[..., JSON]] = {}


class ActivityFailed(Exception):
    """The work could not be done. `retry.errors` names error classes; a permanent failure is never tried again."""

    def __init__(self, message: str, error_class: str = "ActivityFailed", permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.permanent = permanent


def activity(name: str) -> Callable[[Implementation], Implementation]:
    """Register the decorated callable under this name. Raises ValueError when another callable holds it."""

    def register(implementation: Implementation) -> Implementation:
        held = _REGISTRY.get(name)
        if held is not None and _origin(held) != _origin(implementation):
            raise ValueError(f"The activity “{name}” is registered twice; give one of them another name.")
        _REGISTRY[name] = implementation
        return implementation

    return register


def lookup(name: str) -> Callable[..., JSON]:
    """The callable of this name. Raises LookupError with the mend when there is none."""
    try:
        return _REGISTRY[name]
    except KeyError:
        raise LookupError(f"No activity “{name}” is registered; name its module in ACTIVITY_MODULES.") from None


def names() -> list[str]:
    """Every registered name, sorted."""
    return sorted(_REGISTRY)


def _origin(implementation: Callable[..., JSON]) -> tuple[str, str]:
    """Where a callable is defined, so that a module which is imported again does not clash with itself."""
    return implementation.__module__, implementation.__qualname__
