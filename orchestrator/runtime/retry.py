"""When a failed attempt is tried again: exponential backoff with full jitter, by class of error."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from orchestrator.runtime.activities.registry import ActivityError
from orchestrator.statechart.durations import parse_duration

CRASHES = 3  # attempts which a dying worker may lose whatever the policy says: nothing was answered, nothing decided
LONGEST = 30 * 24 * 3600.0


def retryable(retry: Mapping[str, Any], error: ActivityError, attempts: int) -> bool:
    """Whether the policy gives another attempt after this many."""
    if attempts >= retry["max_attempts"]:
        return False
    named = retry["errors"]
    return error.error_class in named if named else not error.permanent


def delay(retry: Mapping[str, Any], attempts: int) -> float:
    """Seconds until the next attempt after `attempts` failed ones; with jitter anywhere from none to all of them."""
    longest = min(parse_duration(retry["max_interval"]), LONGEST)
    steps = min(attempts - 1, 64)  # past this every backoff has reached its longest
    full = min(parse_duration(retry["interval"]) * max(1.0, float(retry["backoff"])) ** steps, longest)
    return random.uniform(0, full) if retry["jitter"] else full  # noqa: S311
