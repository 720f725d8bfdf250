"""JSON into CEL and out of it: what CEL cannot hold is brought near; what comes out is bounded and in one order."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cel_expr_python import cel

from orchestrator.statechart.definition import JSON

MAX_SIZE = 1_000_000  # characters and entries of one result: a text that is doubled in a loop must not fill the memory
MAX_DEPTH = 64
SMALLEST, LARGEST = -(2**63), 2**64 - 1  # beyond these CEL has no whole numbers


def keep_none_alive() -> None:
    """Make None as good as immortal, as Python 3.12 does.

    For each null that it reads, cel-expr-python 0.1.3 gives one reference to None back that it never took: some ten
    thousand nulls later an older Python stops the whole process with “deallocating None”.
    """
    if sys.implementation.name == "cpython" and sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40


class NotJson(ValueError):
    """A result that JSON cannot hold, or that is too large; the text says why."""


class Reader:
    """Turns one result into JSON."""

    def __init__(self) -> None:
        self.left = MAX_SIZE

    def read(self, value: cel.Value, depth: int = 0) -> JSON:
        """The value as JSON; the keys of maps are sorted, because CEL's order changes from one process to the next."""
        if depth > MAX_DEPTH:
            raise NotJson(f"the result is nested deeper than {MAX_DEPTH} levels")
        inner = value.value()
        if not isinstance(inner, list | dict):
            return self._scalar(inner)
        self._spend(len(inner))
        if isinstance(inner, list):
            return [self.read(item, depth + 1) for item in inner]
        found = {str(key): self.read(item, depth + 1) for key, item in inner.items()}
        return dict(sorted(found.items()))

    def _scalar(self, value: Any) -> JSON:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            self._spend(len(value))
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise NotJson("the result is not a finite number")
            return value
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, timedelta):
            return _iso_duration(value)
        raise NotJson(f"the result of type {type(value).__name__} is not JSON")

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise NotJson(f"the result is larger than {MAX_SIZE} characters or entries")


def _iso_duration(value: timedelta) -> str:
    """`PT90S`, with a sign and up to six decimals where there are any, never with an exponent."""
    sign = "-" if value < timedelta(0) else ""
    digits = f"{abs(value).total_seconds():f}".rstrip("0").rstrip(".")
    return f"{sign}PT{digits}S"


def holdable(value: Any) -> Any:
    """The value as CEL can hold it: vast whole numbers as doubles, halves of surrogate pairs as replacement characters.

    What needs no change is the very object that was given.
    """
    if isinstance(value, str):
        return value if _encodes(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
        return _double(value)
    if isinstance(value, Mapping):
        held = {holdable(key): holdable(item) for key, item in value.items()}
        return value if all(held.get(key, held) is item for key, item in value.items()) else held
    if isinstance(value, list | tuple):
        items = [holdable(item) for item in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
