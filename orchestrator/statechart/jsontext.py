"""JSON text of the hot path: orjson writes it many times faster; what it balks at is left to the standard library."""

from __future__ import annotations

import json

import orjson


def dumps(value: object) -> str:
    """Compact JSON text of plain values and mappings.

    What orjson refuses (vast whole numbers, halves of surrogate pairs, great depth) the standard library writes, the
    halves escaped, so that PostgreSQL can store them.
    """
    try:
        return orjson.dumps(value, default=dict).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"), default=dict)
