"""Bridges: events go to a message broker as CloudEvents and come from it, both ways at least once.

What comes in is stored before it is acknowledged; what comes again is known by its source and id.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db import DataError
from kombu import Producer

from orchestrator.choreography import envelope, publishing
from orchestrator.choreography.envelope import CONTENT_TYPE, EnvelopeError, digest
from orchestrator.choreography.models import Bridge, Refused
from orchestrator.choreography.patterns import matches
from orchestrator.choreography.publishing import Unfit
from orchestrator.choreography.targets.base import DONE, Outcome, Report, Unreachable, one_by_one
from orchestrator.choreography.targets.broker import ANSWER, Link, linked, take_back
from orchestrator.runtime.requests import Published

MOST = 200  # messages of one portion
BUDGET = 10.0  # seconds after which a portion ends; with the last answer and the connection far less than a lease
MOST_REFUSED = 1_000  # messages that wait for a person before a bridge takes no more
LONGEST_KEPT = 64 * 1024  # characters of a refused body


def deliver(bridge: Bridge, events: Sequence[Published]) -> Report:
    """Publish each event and wait until the broker has it."""
    until = time.monotonic() + BUDGET
    try:
        with linked(bridge) as link:
            return one_by_one(events, lambda event: _send(bridge, link, event, until))
    except Unreachable as error:
        return Report({}, str(error))


def _send(bridge: Bridge, link: Link, event: Published, until: float) -> Outcome:
    if time.monotonic() > until:
        raise Unreachable(f"the broker took fewer events than there were in {BUDGET:g} s; the rest is tried later")
    try:
        Producer(link.channel, auto_declare=False).publish(
            envelope.written(event),
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            message_id=digest(event),
            headers={"id": event.id, "source": event.source, "type": event.type, "partitionkey": event.key},
            timeout=ANSWER,
            confirm_timeout=ANSWER,
            exchange=bridge.exchange,
            routing_key=event.type if bridge.exchange else bridge.queue,
        )
    except link.lost as error:
        raise Unreachable(link.words(error)) from None
    except Exception as error:  # whatever a transport makes of a message that it does not take
        return Outcome("again", link.words(error))
    return DONE


def receive(bridge: Bridge) -> bool:
    """Take a portion of what waits at the broker; whether more may wait. Raises Unreachable."""
    until = time.monotonic() + BUDGET
    if Refused.objects.filter(endpoint=bridge).count() >= MOST_REFUSED:
        raise Unreachable(f"{MOST_REFUSED:,} refused messages wait for a person; look at them and delete them")
    with linked(bridge) as link:
        take_back(link.channel)
        for _ in range(MOST):
            if not _receive_one(bridge, link):
                return False
            if time.monotonic() > until:
                break
    return True


def _receive_one(bridge: Bridge, link: Link) -> bool:
    """Store one message and acknowledge it after the commit; False when there is none."""
    try:
        message = _next(bridge, link)
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # the list of Redis held something else
        refuse(bridge, b"", f"this is no message as kombu writes them, so it could not be read: {link.words(error)}")
        return True
    if message is None:
        return False
    take(bridge, message.body, [str(error) for _, error, _ in message.errors])
    message.ack()
    return True


def _next(bridge: Bridge, link: Link) -> Any:
    """The next message or None. Its errors stand in it; kombu's own `get` would raise them and lose hold of it."""
    found = link.channel.basic_get(queue=bridge.queue, no_ack=False)
    return found if found is None else link.channel.message_to_python(found)


def take(bridge: Bridge, body: bytes | str, errors: Sequence[str] = ()) -> None:
    """Publish what came, or keep it for a person with the reason; both are committed on return."""
    try:
        if errors:
            raise EnvelopeError("", f"the message cannot be read: {errors[0]}")
        event = envelope.read(envelope.parsed(body), bridge.topic.name)
        if not matches(bridge.pattern, event.type):
            raise EnvelopeError("type", f"{event.type} is none that this bridge takes: {bridge.pattern}")
        publishing.publish(event)
    except (EnvelopeError, Unfit, DataError, OverflowError) as error:
        refuse(bridge, body, str(error))


def refuse(bridge: Bridge, body: bytes | str, reason: str) -> None:
    """Keep what could not be taken, as far as the database can hold it."""
    text = body if isinstance(body, str) else bytes(body).decode(errors="replace")
    kept = text[:LONGEST_KEPT].replace("\0", "\ufffd").encode(errors="replace").decode()
    why = reason[:2_000].replace("\0", "\ufffd").encode(errors="replace").decode()
    Refused.objects.create(endpoint=bridge, body=kept, reason=why)
