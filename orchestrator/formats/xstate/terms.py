"""What the reader and the writer of XState share: the marks of what is ours, delays, and which event is asked first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from orchestrator.statechart.durations import parse_duration

OURS = "signalbox."  # begins the type of an action of ours
CEL = "cel"  # the type of a guard that is an expression
MILLISECONDS = re.compile(r"\d{1,15}(\.\d{1,9})?")
NESTING = re.compile(r"(?:states/[^/]+/)+(?=states/)")
Document = dict[str, Any]


def duration(milliseconds: str) -> str:
    """Milliseconds as an ISO 8601 duration."""
    whole, _, rest = milliseconds.partition(".")
    digits = f"{int(whole):04d}"
    parts = f"{digits[:-3]}.{digits[-3:]}{rest}".rstrip("0").rstrip(".")
    return f"PT{parts}S"


def flat(path: str) -> str:
    """A path as those of problems are: it begins at the innermost state, whose key is used once in a chart."""
    return NESTING.sub("", path)


def delay_key(delay: str) -> str:
    """A duration in milliseconds, as XState wants it, or what is worked out later as it stands."""
    try:
        milliseconds = parse_duration(delay) * 1_000
    except ValueError:
        return delay
    return str(int(milliseconds)) if milliseconds == int(milliseconds) else delay


def by_priority(events: Iterable[str]) -> list[str]:
    """Event descriptors in the order in which XState asks them: exact ones, then the longest wildcard.

    As ours also hear events below them (`a` hears `a.b`), of exact ones the longer comes first where they overlap.
    """
    names = list(events)
    exact = [name for name in names if not name.endswith("*")]
    if any(one.startswith(f"{other}.") for one in exact for other in exact):
        exact.sort(key=len, reverse=True)
    wild = [name for name in names if name.endswith("*")]
    return [*exact, *sorted(wild, key=len, reverse=True)]
