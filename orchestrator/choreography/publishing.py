"""The way in for events from outside: held against their topic, stored in the outbox, acknowledged after that."""

from __future__ import annotations

from orchestrator.choreography.registry import rules_for
from orchestrator.runtime import outbox
from orchestrator.runtime.requests import Published


class Unfit(Exception):
    """An event that does not fit its topic; nothing was stored."""


def publish(event: Published) -> bool:
    """Publish one event; False when it was published before. Raises Unfit."""
    problem = rules_for({event.topic}).problem(event.topic, event.type, event.data)
    if problem:
        raise Unfit(problem)
    return outbox.publish([event])[0]
