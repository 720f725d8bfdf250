"""Whether a value fits the schema of the context: the subset of JSON Schema which a chart may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.statechart.checks.types import SCHEMA_TYPES, fits
from orchestrator.statechart.definition import JSON

KINDS: Mapping[type, str] = {bool: "BOOL", int: "INT", float: "DOUBLE", str: "STRING", list: "LIST", dict: "MAP"}


def misfits(schema: JSON, value: JSON, name: str = "", begun: bool = False) -> Iterator[tuple[str, str]]:
    """What of a value does not fit, by its path; null stands for what is not known yet.

    Of an instance that has not `begun`, texts may still be templates and required values may still be given.
    """
    if not isinstance(schema, dict) or value is None or (not begun and isinstance(value, str) and "${" in value):
        return
    named = schema.get("type")
    listed = [str(kind) for kind in (named if isinstance(named, list) else [named])]
    kinds = [SCHEMA_TYPES[kind] for kind in listed if kind in SCHEMA_TYPES]
    allowed = schema.get("enum")
    given = next((said for kind, said in KINDS.items() if isinstance(value, kind)), "")
    if kinds and not any(_fits(wanted, given) for wanted in kinds):
        yield name or "context", f"is a {' or '.join(kinds)} in the schema, but holds another kind of value"
    elif isinstance(allowed, list) and value not in allowed:
        yield name or "context", "holds a value that is not in its enum"
    elif isinstance(value, dict):
        yield from _inside(schema, value, name, begun)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from misfits(schema.get("items"), item, f"{name}[{at}]", begun)


def _inside(schema: Mapping[str, JSON], value: Mapping[str, JSON], name: str, begun: bool) -> Iterator[tuple[str, str]]:
    properties, required = schema.get("properties"), schema.get("required")
    known = properties if isinstance(properties, dict) else {}
    for key, inner in value.items():
        path = f"{name}.{key}" if name else key
        if key in known:
            yield from misfits(known[key], inner, path, begun)
        elif schema.get("additionalProperties") is False:
            yield path, "is not in the schema, which allows no further properties"
    if begun and isinstance(required, list):
        for key in map(str, required):
            if key not in value:
                yield f"{name}.{key}" if name else key, "is required by the schema and not there"


def _fits(kind: str, given: str) -> bool:
    return fits(kind, given) and not (kind == "whole number" and given == "DOUBLE")
