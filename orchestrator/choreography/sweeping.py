"""One sweep of the choreography: route what waits, then hint at the endpoints with something to do.

Each endpoint is served by a task of its own, so that a slow one holds up nobody. Safe to run twice at once, or late.
"""

from __future__ import annotations

import logging
import time

from celery import current_app
from django.conf import settings

from orchestrator.choreography import store
from orchestrator.choreography.routing import route
from orchestrator.choreography.targets import TARGETS

BUDGET = 5.0  # seconds of routing in one sweep; the next one goes on
HINT_AGAIN = 5.0  # seconds after which a hint counts as lost
PRUNED = 1_000  # events which one sweep forgets
RECEIVED = 30  # days for which an incoming message is known by its id

logger = logging.getLogger(__name__)


def sweep() -> int:
    """Route and hint; returns how many events were routed."""
    until, routed = time.monotonic() + BUDGET, 0
    while time.monotonic() < until and (count := route()):
        routed += count
    hint()
    if settings.KEEP_EVENTS:
        store.prune(settings.KEEP_EVENTS, PRUNED)
    store.forget_received(RECEIVED, PRUNED)
    return routed


def hint() -> list[int]:
    """Ask for service of the endpoints that wait; what waits for the world has workers of its own."""
    waiting = store.waiting(HINT_AGAIN)
    try:
        for endpoint, kind in waiting:
            if kind not in TARGETS:  # made by a later release; it waits for the workers that know it
                continue
            queue = "celery" if TARGETS[kind].in_transaction else "effects"
            current_app.send_task("choreography.serve", [endpoint], queue=queue, retry=False, ignore_result=True)
    except Exception as error:
        logger.warning("no hint sent, a later sweep will: %s", error)
    return [endpoint for endpoint, _ in waiting]
