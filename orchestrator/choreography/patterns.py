"""Which types of events a pattern means."""

from __future__ import annotations


def matches(pattern: str, kind: str) -> bool:
    """Whether a pattern means this type: the type itself, `order.*` for all below it, `*` for all."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
