"""The context schema: a subset of JSON Schema, which the context at the start must fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.statechart.checks.fitting import misfits
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.types import SCHEMA_TYPES, initial_values
from orchestrator.statechart.definition import JSON, Chart

KNOWN = (*SCHEMA_TYPES, "null")
MAX_DEPTH = 30


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of the schema, and of initial values against it."""
    if not chart.context_schema:
        return
    wrong = list(_form(dict(chart.context_schema), "contextSchema", 0))
    for path, message in wrong:
        fix = "Write JSON Schema with type, properties, items, enum, required and additionalProperties."
        yield problem("schema", "", path, message, fix)
    if not wrong:
        for name, message in misfits(dict(chart.context_schema), initial_values(chart)):
            fix = "Correct the value or the schema; null stands for a value that is not known yet."
            yield problem("context-type", "", "context", f"“{name}” {message}.", fix)


def _form(node: JSON, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(node, dict):
        yield path, "A schema is an object."
        return
    yield from _keywords(node, path)
    properties = node.get("properties", {})
    if not isinstance(properties, dict):
        yield f"{path}/properties", "“properties” is an object with a schema for each name."
    elif depth < MAX_DEPTH:
        for name, inner in properties.items():
            yield from _form(inner, f"{path}/properties/{name}", depth + 1)
        if "items" in node:
            yield from _form(node["items"], f"{path}/items", depth + 1)


def _keywords(node: Mapping[str, JSON], path: str) -> Iterator[tuple[str, str]]:
    named = node.get("type", "object")
    strange = [kind for kind in (named if isinstance(named, list) else [named]) if kind not in KNOWN]
    if strange:
        yield f"{path}/type", f"There is no type “{strange[0]}”; the types are {', '.join(KNOWN)}."
    required = node.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        yield f"{path}/required", "“required” is a list of names."
    if not isinstance(node.get("enum", []), list):
        yield f"{path}/enum", "“enum” is a list of values."
    if not isinstance(node.get("additionalProperties", True), bool | dict):
        yield f"{path}/additionalProperties", "“additionalProperties” is true or false."
