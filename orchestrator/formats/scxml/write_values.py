"""Values as SCXML says them: expressions, literals, parameters and delays."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.formats.scxml.reading import OURS, Reading, iso, read_value
from orchestrator.formats.scxml.tree import Element, element
from orchestrator.statechart.durations import parse_duration
from orchestrator.statechart.expressions import ExpressionError, split


def expression_of(value: Any) -> str | None:
    """The CEL expression that a template is, None for anything else."""
    if not isinstance(value, str) or "${" not in value:
        return None
    try:
        parts = split(value)
    except ExpressionError:
        return None
    return parts[0][0] if len(parts) == 1 and parts[0][1] and value == f"${{{parts[0][0]}}}" else None


def given(plain: str, computed: str, value: Any) -> dict[str, str]:
    """An attribute that is written out or computed."""
    if not isinstance(value, str) or not value:
        return {}
    expression = expression_of(value) or (_concatenation(value) if computed else None)
    return {plain: value} if expression is None else {computed: expression}


def _concatenation(value: str) -> str | None:
    """A text with expressions in it as one expression; None for one without, and for one that is not closed."""
    try:
        parts = split(value)
    except ExpressionError:
        return None
    if not any(is_code for _, is_code in parts):
        return None
    return " + ".join(f"string({part})" if is_code else json.dumps(part) for part, is_code in parts)


def delay_attributes(delay: str | None) -> dict[str, str]:
    """A delay in the units of SCXML."""
    if delay is None:
        return {}
    expression = expression_of(delay)
    if expression is not None:
        return {"delayexpr": expression}
    try:
        seconds = parse_duration(delay)
    except ValueError:
        return {"delay": delay}
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds and seconds % size == 0 and iso(f"{seconds / size:.0f}{unit}") == delay:
            return {"delay": f"{seconds / size:.0f}{unit}"}
    return {"delay": f"{seconds:f}".rstrip("0").rstrip(".") + "s"}


def payload_elements(value: Any) -> list[Element]:
    """What an event carries: parameters for an object, content for any other value."""
    if isinstance(value, dict):
        return [element("param", {"name": name, "expr": _literal_expression(inner)}) for name, inner in value.items()]
    expression = expression_of(value)
    if expression is not None:
        return [element("content", {"expr": expression})]
    return [element("content", {}, text=json.dumps(value))]


def _literal_expression(value: Any) -> str:
    """A value as an expression; JSON is also CEL."""
    expression = expression_of(value)
    return expression if expression is not None else json.dumps(value)


def data_element(name: str, value: Any) -> Element:
    """One declared value."""
    made = element("data", {"id": name})
    expression = expression_of(value)
    if expression is not None:
        made.attributes["expr"] = expression
    elif value is not None:
        made.text = json.dumps(value)
    if read_value(Reading(cel=True), made) != value:
        made.attributes[f"{OURS} value"] = json.dumps(value)
    return made
