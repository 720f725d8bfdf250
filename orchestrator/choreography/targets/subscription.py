"""Subscriptions: an event starts or signals the instance that an expression names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.choreography.envelope import described, digest
from orchestrator.choreography.models import Subscription
from orchestrator.choreography.targets.base import DONE, Outcome, Report
from orchestrator.runtime import commands
from orchestrator.runtime.commands import Accepted, CommandError, EventRequest, Started, StartRequest
from orchestrator.runtime.requests import Published
from orchestrator.statechart.expressions import ExpressionError, Scope, evaluate, holds

EXISTS = Outcome("skipped", "there is an instance of this key already")
LATER = frozenset({"unknown-machine", "not-published", "unknown-instance"})  # what may still come


def deliver(subscription: Subscription, events: Sequence[Published]) -> Report:
    """Send or start within the caller's transaction."""
    outcomes: dict[int, Outcome] = {}
    keys: dict[int, str] = {}
    for place, event in enumerate(events):
        found = _key(subscription, described(event))
        if isinstance(found, Outcome):
            outcomes[place] = found
        else:
            keys[place] = found
    wanted = [(events[place], key) for place, key in keys.items()]
    if wanted:
        outcomes.update(zip(keys, _command(subscription, wanted), strict=True))
    return Report(outcomes)


def _key(subscription: Subscription, event: Mapping[str, Any]) -> str | Outcome:
    """The business key that an event is for, or why it is for none."""
    scope = Scope({"event": event})
    try:
        if subscription.filter and not holds(subscription.filter, scope):
            return Outcome("skipped", "its filter is false")
        found = evaluate(subscription.correlation, scope)
    except ExpressionError as error:
        return Outcome("failed", str(error))
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        return Outcome(
            "failed", f"{subscription.correlation} is {json.dumps(found):.60}, but a key is text or a number"
        )
    return str(found)


def _command(subscription: Subscription, wanted: Sequence[tuple[Published, str]]) -> list[Outcome]:
    actor = f"subscription:{subscription.name}"
    answers: Sequence[Accepted | Started | CommandError]
    if subscription.action == "start":
        answers = commands.start_many([_start(subscription, event, key) for event, key in wanted], actor)
    else:
        answers = commands.send_many([_signal(subscription, event, key) for event, key in wanted], actor)
    return [_outcome(subscription, answer) for answer in answers]


def _start(subscription: Subscription, event: Published, key: str) -> StartRequest:
    return StartRequest(subscription.machine.slug, key, _data(event), occurred_at=event.occurred_at)


def _signal(subscription: Subscription, event: Published, key: str) -> EventRequest:
    """Its key is made of what names the event everywhere, so that nothing can deliver it twice."""
    return EventRequest(
        name=subscription.event_name or event.type,
        data=_data(event),
        machine=subscription.machine.slug,
        key=key,
        start=subscription.action == "start-or-signal",
        source=f"topic:{event.topic}",
        idempotency_key=f"{subscription.pk}/{digest(event)}",
        occurred_at=event.occurred_at,
    )


def _data(event: Published) -> dict[str, Any]:
    """The data as a map, which is what machines hear."""
    data = json.loads(event.data)
    return data if isinstance(data, dict) else {"value": data}


def _outcome(subscription: Subscription, answer: Accepted | Started | CommandError) -> Outcome:
    if isinstance(answer, Started):
        return DONE if answer.created else EXISTS
    if isinstance(answer, Accepted):
        return DONE
    if answer.code == "finished" or (answer.code == "unknown-instance" and subscription.unknown == "skip"):
        return Outcome("skipped", answer.message)
    return Outcome("again" if answer.code in LATER else "failed", answer.message)
