"""Names: what is read from the context must be put there by something, and `In()` names states that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.tokens import Path, asked_states, paths
from orchestrator.statechart.checks.types import initial_values
from orchestrator.statechart.checks.walk import Found, blocks, flat, texts
from orchestrator.statechart.definition import JSON, Chart, ForEach, Send
from orchestrator.statechart.expressions import ExpressionError, split

MAX_KNOWN = 2_000  # names among which the one that was meant is looked for
MAX_ASKED = 50  # problems which say what may have been meant


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every name in an expression, each once, in document order."""
    yield from _states(chart)
    yield from _names(chart)


def _states(chart: Chart) -> Iterator[Problem]:
    seen: set[str] = set()
    for found in (found for found in texts(chart) if "In" in found.text):
        for key in (key for text in _codes(found) for key in asked_states(text)):
            if key not in chart.states and key not in seen:
                seen.add(key)
                message = f"In('{key}') can never be true: there is no state “{key}”."
                fix = _meant(key, chart.states) if len(seen) <= MAX_ASKED else "Correct the name."
                yield problem("unknown-state", found.ref, found.field, message, fix)


def _names(chart: Chart) -> Iterator[Problem]:
    known = known_names(chart)
    read = [(found, path) for found in texts(chart) for path in _read(found)]
    optional = {path.names[1] for _, path in read if path.asked}
    seen: set[tuple[str, ...]] = set()
    for found, path in read:
        wrong = _outside_schema(chart.context_schema, path.names[1:])
        name = wrong or path.names[1:2]
        if name in seen or (not wrong and (not known or name[0] in known or name[0] in optional)):
            continue
        seen.add(name)
        among = _siblings(chart.context_schema, name) if wrong else known
        hint = _meant(name[-1], among) if len(seen) <= MAX_ASKED else "Correct the name."
        yield _unknown(found, name, bool(wrong), hint)


def _unknown(found: Found, name: tuple[str, ...], closed: bool, hint: str) -> Problem:
    written = ".".join(name)
    if closed:
        message = f"The context schema has no “{written}”, and it allows no further properties."
        return problem("unknown-property", found.ref, found.field, message, hint)
    message = f"Nothing in the chart sets context.{written}."
    fix = f"{hint} A value that comes from outside belongs into context, with null at the start."
    return problem("unknown-name", found.ref, found.field, message, fix)


def known_names(chart: Chart) -> dict[str, None]:
    """The context keys that the chart, its schema or its actions define."""
    properties = chart.context_schema.get("properties")
    named = properties if isinstance(properties, Mapping) else {}
    assigned = (f.sets.split(".", 1)[0].split("[", 1)[0] for f in texts(chart) if f.sets)
    return dict.fromkeys([*named, *initial_values(chart), *assigned, *written_names(chart)])


def written_names(chart: Chart) -> Iterator[str]:
    """Context keys that something other than an assignment writes."""
    for state in chart.states.values():
        for activity in state.activities:
            yield from (name for name in (activity.result, activity.id_to) if name)
    for block in blocks(chart):
        for action in flat(block.actions):
            match action:
                case Send(id_to=str(name)):
                    yield name
                case ForEach(item=item, index=index):
                    yield from (name for name in (item, index) if name)


def _read(found: Found) -> Iterator[Path]:
    """The paths into the context that a text reads, or sets."""
    for text in _codes(found):
        yield from (path for path in paths(text) if path.names[0] == "context" and len(path.names) > 1)
    if found.sets and "[" not in found.sets:
        yield Path(("context", *found.sets.split(".")), False)


def _codes(found: Found) -> Iterator[str]:
    """The expressions in a text."""
    if found.kind != "template":
        yield found.text
        return
    try:
        yield from (part for part, is_code in split(found.text) if is_code)
    except ExpressionError:
        return  # another problem says so


def _outside_schema(schema: Mapping[str, JSON], names: tuple[str, ...]) -> tuple[str, ...]:
    """The beginning of this path up to the first name which the schema forbids; empty when it allows all."""
    node: JSON = dict(schema)
    for at, name in enumerate(names, start=1):
        properties = node.get("properties") if isinstance(node, dict) else None
        if not isinstance(node, dict) or not isinstance(properties, dict):
            return ()
        if name not in properties:
            return names[:at] if node.get("additionalProperties") is False else ()
        node = properties[name]
    return ()


def _siblings(schema: Mapping[str, JSON], names: tuple[str, ...]) -> list[str]:
    """What the schema allows beside the last of these names."""
    node: JSON = dict(schema)
    for name in names[:-1]:
        properties = node.get("properties") if isinstance(node, dict) else None
        node = properties.get(name) if isinstance(properties, dict) else None
    properties = node.get("properties") if isinstance(node, dict) else None
    return list(properties) if isinstance(properties, dict) else []


def _meant(name: str, known: Mapping[str, object] | list[str]) -> str:
    close = get_close_matches(name[:80], list(known)[:MAX_KNOWN], 1, 0.7)
    return f"Did you mean “{close[0]}”?" if close else "Correct the name, or define it."
