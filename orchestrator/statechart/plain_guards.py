"""Guards that need no CEL: comparisons of paths with constants of the same plain kind, joined by `&&`.

Most guards are of this form, and most of what CEL costs is the conversion of the data. Whatever is not told with
certainty here (a key that is not there, another kind of value, a number with a fraction) is left to CEL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from orchestrator.statechart.checks.guards import COMPARE, read
from orchestrator.statechart.definition import JSON

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # CEL's whole numbers
MISSING = object()


class Test(NamedTuple):
    """One comparison; `of_event` says that the path begins at the event instead of the context."""

    of_event: bool
    names: tuple[str, ...]
    compare: Callable[[Any, Any], bool]
    constant: bool | int | str


def decided(text: str, context: Mapping[str, JSON], event: JSON) -> bool | None:
    """Whether a guard holds; None when CEL must be asked."""
    tests = _tests(text)
    if tests is None:
        return None
    for of_event, names, compare, constant in tests:
        value: Any = event if of_event else context
        for name in names:
            if type(value) is not dict:
                return None
            value = value.get(name, MISSING)
        if type(value) is not type(constant) or (type(value) is int and not SMALLEST <= value <= LARGEST):
            return None
        if not compare(value, constant):
            return False  # an error elsewhere in a conjunction would not matter either
    return True


@lru_cache(maxsize=8_192)
def _tests(text: str) -> tuple[Test, ...] | None:
    """The comparisons of a guard of this form, in no order that matters; None for any other guard."""
    guard = read(text)
    if guard.opaque or guard.never:
        return None
    tests = []
    for path, limits in guard.limits.items():
        root, *names = path.split(".")
        for sign, constant in limits:
            if not isinstance(constant, bool | int | str) or not _comparable(sign, constant):
                return None
            tests.append(Test(root == "event", tuple(names), COMPARE[sign], constant))
    return tuple(tests)


def _comparable(sign: str, constant: bool | int | str) -> bool:
    """Whether CEL and Python agree on this comparison of two values of this kind."""
    if isinstance(constant, bool | str):
        return sign in ("==", "!=")
    return SMALLEST <= constant <= LARGEST
