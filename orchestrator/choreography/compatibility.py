"""Whether a new JSON Schema of an event type goes with an old one. Pure: two schemas in, reasons out.

`accepts(reader, writer)` proves, from keywords alone, that whatever the writer's schema admits the reader's admits too;
what it cannot prove it reports, so that it never says yes wrongly. Backward: readers of the new schema understand old
events. Forward: readers of the old schema understand new ones. Full: both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any] | bool
Rule = Callable[[Mapping[str, Any], Mapping[str, Any], str, int], Iterator[str]]
MAX_DEPTH = 40
TYPES = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})
PLAIN = frozenset({"title", "description", "$schema", "$id", "$comment", "default", "examples", "deprecated", "format"})
HANDLED = frozenset({"type", "required", "properties", "additionalProperties", "items"})
LOWER_COUNT = {
    "minimum": "number",
    "exclusiveMinimum": "number",
    "minLength": "string",
    "minItems": "array",
    "minProperties": "object",
}
UPPER_COUNT = {
    "maximum": "number",
    "exclusiveMaximum": "number",
    "maxLength": "string",
    "maxItems": "array",
    "maxProperties": "object",
}
# What changes the meaning of the keywords beside it; schemas with one of these go together only when they are the same.
ENTANGLED = frozenset(
    {"patternProperties", "prefixItems", "minContains", "unevaluatedItems", "unevaluatedProperties", "$dynamicRef"}
)


def reasons(mode: str, old: Schema, new: Schema) -> list[str]:
    """Why the new schema does not go with the old one under this mode; nothing when it does."""
    found: list[str] = []
    if mode in ("backward", "full"):
        found += [f"backward: {reason}" for reason in accepts(new, old)]
    if mode in ("forward", "full"):
        found += [f"forward: {reason}" for reason in accepts(old, new)]
    return found


def accepts(reader: Schema, writer: Schema, path: str = "data", depth: int = 0) -> Iterator[str]:
    """Why something that the writer's schema admits may be refused by the reader's."""
    if writer is False or reader is True or reader == {} or _same(reader, writer):
        return
    if reader is False:
        yield f"{path} is not admitted"
    elif depth > MAX_DEPTH:
        yield f"{path} is nested deeper than can be compared"
    else:
        yield from _admits(reader, {} if writer is True else writer, path, depth)


def _admits(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    entangled = sorted((wanted.keys() | given.keys()) & ENTANGLED)
    if entangled:
        yield f"{path}: schemas with “{entangled[0]}” can only stay as they are"
    elif "enum" in given or "const" in given:
        yield from _values(wanted, given, path)
    else:
        for rule in (_kinds, _bounds, _objects, _arrays, _others):
            yield from rule(wanted, given, path, depth)


def kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """The JSON types that a schema admits by its `type`; whole numbers are numbers."""
    given = schema.get("type", sorted(TYPES))
    found = frozenset([given] if isinstance(given, str) else given)
    return found | {"integer"} if "number" in found else found


def _values(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str) -> Iterator[str]:
    """A closed list of values goes with an open schema only when they can be compared one by one."""
    values = given["enum"] if "enum" in given else [given["const"]]
    if "enum" in wanted or "const" in wanted:
        known = wanted["enum"] if "enum" in wanted else [wanted["const"]]
        missing = [value for value in values if not any(_same(value, other) for other in known)]
        if missing:
            yield f"{path} may be {missing[0]!r:.60}, which is not admitted"
        left = {key: value for key, value in wanted.items() if key not in ("enum", "const")}
        if missing or not left:
            return
        wanted = left
    if set(wanted) - PLAIN - {"type"}:
        yield f"{path} is a list of values in one schema and has other rules in the other"
    elif any(_kind(value) not in kinds(wanted) for value in values):
        yield f"{path} may be of another type than {_named(kinds(wanted))}"


def _same(one: Any, other: Any) -> bool:
    """As JSON, where 1 and true are different."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return names[type(value)]


def _kinds(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    more = kinds(given) - kinds(wanted)
    if more:
        yield f"{path} may be {_named(more)}, but {_named(kinds(wanted))} is wanted"


def _named(found: frozenset[str]) -> str:
    return " or ".join(sorted(found))


def _bounds(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    """A bound may be widened, never narrowed; it matters only where the writer's type can meet it."""
    for key, kind in (*LOWER_COUNT.items(), *UPPER_COUNT.items()):
        if key not in wanted or not kinds(given) & {kind, "integer" if kind == "number" else kind}:
            continue
        known = given.get(key)
        narrower = known is None or (known < wanted[key] if key in LOWER_COUNT else known > wanted[key])
        if narrower:
            yield f"{path}: {key} is {wanted[key]}, which not all of the other schema's values meet"


def _objects(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    if "object" not in kinds(given):
        return
    for name in wanted.get("required", ()):
        if name not in given.get("required", ()):
            yield f"{path}.{name} is required, but may be missing"
    names = {**wanted.get("properties", {}), **given.get("properties", {})}
    for name in names:
        yield from accepts(_property(wanted, name), _property(given, name), f"{path}.{name}", depth + 1)
    rest = wanted.get("additionalProperties", True)
    yield from accepts(rest, given.get("additionalProperties", True), f"{path}.* (other properties)", depth + 1)


def _property(schema: Mapping[str, Any], name: str) -> Schema:
    found: Schema = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
    return found


def _arrays(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    if "array" in kinds(given):
        yield from accepts(wanted.get("items", True), given.get("items", True), f"{path}[]", depth + 1)


def _others(wanted: Mapping[str, Any], given: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    """Any other rule of the reader must stand in the writer's schema word for word."""
    for key in sorted(wanted.keys() - PLAIN - HANDLED - LOWER_COUNT.keys() - UPPER_COUNT.keys()):
        if key in ("enum", "const"):
            yield f"{path} must be one of a list, but may be any value"
        elif key not in given or not _same(wanted[key], given[key]):
            yield f"{path}: “{key}” differs, and cannot be compared"
