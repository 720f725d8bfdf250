"""Python callables which charts may start as activities of kind `python`, registered under a name.

    @activity
    def charge(amount: float, card: str) -> dict[str, str]: ...

A chart names it as `{"kind": "python", "input": {"callable": "charge", "args": {"amount": ...}}}`, a machine in code as
`state.invoke(charge, input={"amount": ...})`; the arguments arrive as keywords. `@activity("payments.charge")` gives it
another name than the function's own. Modules listed in `settings.ACTIVITY_MODULES` are imported by every worker. A
callable may run more than once for the same invocation, so it must be safe to repeat. One that works for long tells how
far it is with `heartbeat`, and stops when `heartbeat` raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, overload

from orchestrator.statechart.definition import JSON

Implementation = TypeVar("Implementation", bound=Callable[..., Any])

Reporter = Callable[[JSON], None]

_REGISTRY: dict[str, Callable[..., JSON]] = {}
_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


class ActivityFailed(Exception):
    """The work could not be done. `retry.errors` names error classes; a permanent failure is never tried again."""

    def __init__(self, message: str, error_class: str = "ActivityFailed", permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.permanent = permanent


class NobodyWaits(Exception):
    """The state was left, or another worker took over: whatever the callable still does is of no use."""


def heartbeat(details: JSON = None) -> None:
    """Say that the work goes on and how far it is; the details are shown on the instance's page. Raises NobodyWaits.

    Outside of a worker, as in a unit test of the callable, it does nothing.
    """
    reporter = _reporter.get()
    if reporter is not None:
        reporter(details)


@contextmanager
def reporting_to(reporter: Reporter) -> Iterator[None]:
    """Within it `heartbeat` calls the reporter."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)


@overload
def activity(name: str, /) -> Callable[[Implementation], Implementation]: ...


@overload
def activity(implementation: Implementation, /) -> Implementation: ...


def activity(given: str | Callable[..., Any], /) -> Callable[..., Any]:
    """Register the decorated callable under this name, or without one under its own; it stays a plain function.

    Raises ValueError when another callable holds the name.
    """
    if not isinstance(given, str):
        return _register(given.__name__, given)

    def register(implementation: Implementation) -> Implementation:
        return _register(given, implementation)

    return register


def _register(name: str, implementation: Implementation) -> Implementation:
    held = _REGISTRY.get(name)
    if held is not None and _origin(held) != _origin(implementation):
        raise ValueError(f"The activity “{name}” is registered twice; give one of them another name.")
    _REGISTRY[name] = implementation
    return implementation


def lookup(name: str) -> Callable[..., JSON]:
    """The callable of this name. Raises LookupError with the mend when there is none."""
    try:
        return _REGISTRY[name]
    except KeyError:
        raise LookupError(f"No activity “{name}” is registered; name its module in ACTIVITY_MODULES.") from None


def name_of(implementation: Callable[..., Any]) -> str:
    """The name under which a callable is registered. Raises LookupError with the mend when it is not."""
    name = next((name for name, held in _REGISTRY.items() if held is implementation), None)
    if name is None:
        shown = getattr(implementation, "__qualname__", repr(implementation))
        raise LookupError(f"“{shown}” is no activity; put @activity above its definition.")
    return name


def names() -> list[str]:
    """Every registered name, sorted."""
    return sorted(_REGISTRY)


def _origin(implementation: Callable[..., JSON]) -> tuple[str, str]:
    """Where a callable is defined, so that a module which is imported again does not clash with itself."""
    return implementation.__module__, implementation.__qualname__
