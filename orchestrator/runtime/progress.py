"""Heartbeats of a callable: each keeps the lease and says how far the work is, stored once a second at most."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from orchestrator.runtime import store_activities
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_activities import Claimed
from orchestrator.runtime.veil import Veil
from orchestrator.sdk.activities import ActivityFailed, NobodyWaits
from orchestrator.statechart.definition import JSON

EVERY = 1.0  # seconds between two heartbeats that are stored; those between cost nothing
MAX_PROGRESS = 2_000  # characters of JSON


class Progress:
    """The reporter of one attempt."""

    def __init__(self, run: Claimed, lease: float, veil: Veil, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._lease = lease
        self._veil = veil
        self._clock = clock
        self._next = clock()

    def __call__(self, details: JSON) -> None:
        """Store the details. Raises NobodyWaits when the lease is lost, ActivityFailed for what cannot be shown."""
        text = self._veil.result(_text(details))
        if self._clock() < self._next:
            return
        self._next = self._clock() + EVERY
        with batch() as cursor:
            if not store_activities.report(cursor, self._run, self._lease, text):
                raise NobodyWaits("the lease of this attempt is lost")


def _text(details: JSON) -> str:
    try:
        text = json.dumps(details, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ActivityFailed(f"heartbeat: the details are not JSON: {error}", "InvalidHeartbeat", True) from error
    if len(text) > MAX_PROGRESS:
        message = f"heartbeat: the details have {len(text)} characters of JSON; at most {MAX_PROGRESS} are shown"
        raise ActivityFailed(message, "InvalidHeartbeat", True)
    return text
