"""Places in the context: paths such as `order.lines[0].price` which an assignment writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.expressions import ExpressionError
from orchestrator.statechart.system import NAMES

NAME = r"[^\s.\[\]'\"()+*/,;:!?<>=&|{}]+"
PART = re.compile(rf"\.?(?P<name>{NAME})|\[(?P<index>\d{{1,6}})\]|\[(?P<quote>['\"])(?P<key>[^'\"]*)(?P=quote)\]")


@lru_cache(maxsize=8_192)
def parts_of(path: str) -> tuple[str | int, ...]:
    """The names and indexes of a path, without the leading `context`. Raises ExpressionError."""
    text, at, found = path.strip().removeprefix("context."), 0, list[str | int]()
    while at < len(text):
        part = PART.match(text, at)
        if part is None or (at > 0 and text[at] not in ".[") or (at == 0 and text[0] in ".["):
            raise ExpressionError(f"“{path}” is no place in the context; write a path such as order.lines[0].price")
        index = part["index"]
        found.append(int(index) if index is not None else (part["name"] or part["key"]).strip())
        at = part.end()
    if not found or found[0] in NAMES:
        raise ExpressionError(f"“{path}” cannot be assigned to; name a key of the context")
    return tuple(found)


def assigned(context: Mapping[str, JSON], path: str, value: JSON) -> dict[str, JSON]:
    """A copy of the context with the place set; what lies beside the path is shared. Raises ExpressionError."""
    first, *rest = parts_of(path)
    name = str(first)
    if rest and name not in context:
        raise ExpressionError(f"cannot assign to {path}: the context has no “{name}”; declare it or assign it first")
    return {**context, name: _set(context.get(name), rest, value, path)}


def _set(holder: JSON, parts: Sequence[str | int], value: JSON, path: str) -> JSON:
    """A copy of an object or list with the place below it set."""
    if not parts:
        return value
    first, rest = parts[0], parts[1:]
    if isinstance(first, int):
        if not isinstance(holder, list) or first >= len(holder):
            raise ExpressionError(f"cannot assign to {path}: there is no list with an item {first}")
        return [*holder[:first], _set(holder[first], rest, value, path), *holder[first + 1 :]]
    if holder is not None and not isinstance(holder, dict):
        raise ExpressionError(f"cannot assign to {path}: what should hold “{first}” is no object")
    inside = holder or {}
    return {**inside, first: _set(inside.get(first), rest, value, path)}
