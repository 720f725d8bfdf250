"""Which function performs which kind of activity. A new kind is one file and a line in `__init__`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.statechart.definition import JSON


class ActivityError(Exception):
    """A side effect failed. `error_class` is what `retry.errors` names; a permanent error is not tried again."""

    def __init__(self, message: str, error_class: str = "Error", permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class ActivityRequest:
    """One attempt: `timeout` in seconds, `idempotency_key` is the same for all attempts, `attempt` counts from 1."""

    input: Mapping[str, JSON]
    timeout: float
    idempotency_key: str
    attempt: int


Handler = Callable[[ActivityRequest], JSON]
_handlers: dict[str, Handler] = {}


def register(kind: str) -> Callable[[Handler], Handler]:
    """Make the decorated function perform activities of this kind."""

    def keep(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return keep


def handler_of(kind: str) -> Handler:
    """The function for this kind. Raises a permanent ActivityError when there is none."""
    if kind not in _handlers:
        raise ActivityError(
            f"no activity of kind {kind}; the kinds are {', '.join(sorted(_handlers))}", "UnknownKind", True
        )
    return _handlers[kind]


def known_keys(given: Mapping[str, JSON], allowed: frozenset[str]) -> None:
    """Refuse input keys which the kind does not know, so that a slip of the pen is not silently ignored."""
    strange = sorted(set(given) - allowed)
    if strange:
        message = f"input.{strange[0]} is not known; the keys are {', '.join(sorted(allowed))}"
        raise ActivityError(message, "InvalidInput", permanent=True)


def text_of(given: Mapping[str, JSON], key: str, default: str | None = None) -> str:
    """A text value of the input; without a default it must be there."""
    value = given.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ActivityError(f"input.{key} must be text", "InvalidInput", permanent=True)
    return value
