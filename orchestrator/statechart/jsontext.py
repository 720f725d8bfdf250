"""JSON text of the hot path: orjson writes it many times faster; what it balks at is left to the standard library."""

from __future__ import annotations

import json

import orjson

_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def dumps(value: object) -> str:
    """Compact JSON text of plain values and mappings.

    What orjson refuses (vast whole numbers, halves of surrogate pairs, great depth) the standard library writes, the
    halves escaped, so that PostgreSQL can store them.
    """
    try:
        return orjson.dumps(value, default=dict).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"), default=dict)


def canonical(value: object) -> str:
    """JSON text by which equal values have equal texts: compact, with sorted keys.

    Raises TypeError or ValueError for what is not JSON.
    """
    try:
        written = orjson.dumps(value, option=_STRICT)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)
    if b"null" in written:
        json.dumps(value, allow_nan=False)  # orjson writes null for what is no number, too
    return written.decode()
