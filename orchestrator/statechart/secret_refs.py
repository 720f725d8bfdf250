"""References to secrets in the input of an activity: `{{secret:NAME}}`, which stays as it is until the work is done.

Only the name ever stands in a chart, a snapshot or a journal; who performs the activity puts the value in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from orchestrator.statechart.definition import JSON

MARK = "{{secret:"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}", re.ASCII)
REFERENCE = re.compile(r"\{\{secret:([A-Za-z][A-Za-z0-9_.-]{0,79})\}\}", re.ASCII)
PLACES: Mapping[str, frozenset[str]] = {
    "http": frozenset({"url", "headers", "query", "json", "body"}),
    "python": frozenset({"args"}),
}


class SecretError(Exception):
    """A reference that stands where none is put in; the text names the place and the mend."""


def used(kind: str, given: Mapping[str, JSON]) -> Counter[str]:
    """How often each secret is referred to. Raises SecretError."""
    found: Counter[str] = Counter()
    places = PLACES.get(kind, frozenset())
    for key, value in given.items():
        for text, is_key in _texts(value):
            names = REFERENCE.findall(text)
            if text.count(MARK) != len(names):
                raise SecretError(f"input.{key} holds a secret without a name; write {MARK}NAME}}}}")
            if names and (is_key or key not in places):
                allowed = " and ".join(f"{', '.join(sorted(keys))} of {name}" for name, keys in PLACES.items())
                raise SecretError(f"input.{key} is no place for a secret; only values of {allowed} are")
            found.update(names)
    return found


def put_in(value: JSON, values: Mapping[str, str]) -> JSON:
    """The value with every reference replaced."""
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: values[found[1]], value) if MARK in value else value
    if isinstance(value, list):
        return [put_in(item, values) for item in value]
    if isinstance(value, Mapping):
        return {key: put_in(item, values) for key, item in value.items()}
    return value


def _texts(value: JSON) -> Iterator[tuple[str, bool]]:
    """Every text within a value, and whether it is a key."""
    if isinstance(value, str):
        yield value, False
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key), True
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
