"""Types of the context: CEL's own checker is told the type of each path, so it finds what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cel_expr_python import cel

from orchestrator.statechart.checks.tokens import softened
from orchestrator.statechart.definition import JSON, Chart
from orchestrator.statechart.expressions import IN_STATE, MIXED_NUMBERS, VARIABLES, ExpressionError, compile_in

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"package", "namespace", "null", "return", "true", "var", "void", "while"}
)
LOCAL = ("result", "item", "index", "status", "headers", "body")  # variables that only some places have
MAX_DEPTH = 4
MAX_TYPES = 500
KEPT = 4_096
TYPES: Mapping[str, cel.Type] = {
    "whole number": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "text": cel.Type.STRING,
    "true or false": cel.Type.BOOL,
    "list": cel.Type.List(cel.Type.DYN),
    "list of texts": cel.Type.List(cel.Type.STRING),
    "object": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}
SCHEMA_TYPES: Mapping[str, str] = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}
NUMBERS = frozenset({"whole number", "number"})
WORDS: Mapping[str, str] = {
    "INT": "whole number",
    "UINT": "whole number",
    "DOUBLE": "number",
    "STRING": "text",
    "BOOL": "true or false",
    "TIMESTAMP": "text",
    "DURATION": "text",
}
Types = tuple[tuple[str, str], ...]  # `context.order.price` and its type as people say it, in order


def _mixed(name: str, label: str, gives: cel.Type, *first: cel.Type) -> cel.FunctionDecl:
    """One more way to use an operator: on a whole number and one with a fraction, as JSON does not tell them apart."""
    kinds = [(cel.Type.INT, cel.Type.DOUBLE), (cel.Type.DOUBLE, cel.Type.INT)]
    made = [cel.Overload(f"{label}_{n}", gives, [*first, *pair], False, _never_called) for n, pair in enumerate(kinds)]
    return cel.FunctionDecl(name, made)


def _never_called(*values: object) -> bool:
    """Expressions of these environments are compiled, never evaluated."""
    raise NotImplementedError


COMPARED = cel.CelExtension(
    "compared_numbers",
    [
        *(_mixed(f"_{op}_", f"mixed_{at}", cel.Type.BOOL) for at, op in enumerate(("<", "<=", ">", ">=", "==", "!="))),
        _mixed("_?_:_", "mixed_either", cel.Type.DOUBLE, cel.Type.BOOL),
    ],
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What CEL says of an expression: its type, or why it does not compile (`mistyped`: because of the context)."""

    type: str = ""
    reason: str = ""
    mistyped: bool = False


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks expressions against one set of types; what it found out is kept, as most of a draft stays as it was."""

    typed: cel.Env
    plain: cel.Env
    known: dict[str, Verdict] = field(default_factory=dict)

    def verdict(self, text: str) -> Verdict:
        found = self.known.get(text)
        if found is None:
            if len(self.known) >= KEPT:
                self.known.clear()
            found = self.known[text] = self._verdict(text)
        return found

    def _verdict(self, text: str) -> Verdict:
        try:
            return Verdict(compile_in(softened(text), self.typed).return_type().name())
        except ExpressionError as error:
            reason = str(error) or "it does not compile"
        try:
            compile_in(text, self.plain)
        except ExpressionError as error:
            return Verdict(reason=str(error) or reason)
        return Verdict(reason=in_words(reason), mistyped=True)


@lru_cache(maxsize=256)
def checker(types: Types, local: tuple[str, ...] = ()) -> Checker:
    """The checker for these types, in a place which has these local variables."""
    variables = {name: kind for name, kind in VARIABLES.items() if name not in LOCAL or name in local}
    declared = {path: TYPES[kind] for path, kind in types}
    extensions = [MIXED_NUMBERS, IN_STATE]
    return Checker(
        typed=cel.NewEnv(variables={**variables, **declared}, extensions=[*extensions, COMPARED]),
        plain=cel.NewEnv(variables=variables, extensions=extensions),
    )


def in_words(reason: str) -> str:
    """CEL's reason without its way of naming operators and types."""
    found = re.search(r"found no matching overload for '(.+?)' applied to '\((.*)\)'", reason)
    if found:
        operator = found[1].strip("_@").replace("_", " ")
        return f"“{operator}” does not work on {_said(found[2])}"
    found = re.search(r"expression of type '(.+?)' cannot be the operand of a select", reason)
    return f"{_said(found[1])} has nothing inside to read" if found else re.sub(r"^\d+:\d+: ", "", reason)


def _said(types: str) -> str:
    for name, word in WORDS.items():
        types = re.sub(rf"\b{name.lower()}\b", word, types)
    return " and ".join(part.strip() for part in re.split(r", (?![^(]*\))", types))


def schema_types(schema: Mapping[str, JSON]) -> Types:
    """What a JSON Schema says of each path; a value that may be null or of several types can be anything."""
    return tuple(_walked(schema, "context", _schema_kind, _properties))[:MAX_TYPES]


def value_types(values: Mapping[str, JSON]) -> Types:
    """What initial values say of each path: null, and a text that is computed, may become anything."""
    return tuple(_walked(dict(values), "context", _value_kind, _members))[:MAX_TYPES]


def _walked(
    node: JSON | Mapping[str, JSON],
    path: str,
    kind_of: Callable[[JSON], str | None],
    inside: Callable[[object], Mapping[str, JSON]],
    depth: int = 0,
) -> Iterator[tuple[str, str]]:
    for name, inner in inside(node).items() if depth < MAX_DEPTH else ():
        if NAME.fullmatch(name) and name not in RESERVED:
            kind = kind_of(inner)
            if kind is not None:
                yield f"{path}.{name}", kind
            if kind == "object":
                yield from _walked(inner, f"{path}.{name}", kind_of, inside, depth + 1)


def _properties(node: object) -> Mapping[str, JSON]:
    found = node.get("properties") if isinstance(node, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _members(node: object) -> Mapping[str, JSON]:
    return node if isinstance(node, Mapping) else {}


def _schema_kind(node: JSON) -> str | None:
    if not isinstance(node, Mapping):
        return None
    named = node.get("type")
    if named is None and isinstance(node.get("enum"), list):
        return _enum_kind(node["enum"])
    kind = SCHEMA_TYPES.get(named) if isinstance(named, str) else None
    items = node.get("items")
    texts = kind == "list" and isinstance(items, Mapping) and items.get("type") == "string"
    return "list of texts" if texts else kind


def _enum_kind(listed: JSON) -> str | None:
    kinds = {_value_kind(value) for value in listed} if isinstance(listed, list) else set()
    return kinds.pop() if len(kinds) == 1 else None


def _value_kind(value: JSON) -> str | None:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "whole number" if isinstance(value, int) else "number"
    if isinstance(value, str):
        return None if "${" in value else "text"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, Mapping) else None


def fits(kind: str, given: str) -> bool:
    """Whether a value of CEL's type `given` may stand where the context has a `kind`."""
    if given in ("DYN", "NULL", ""):
        return True
    said = WORDS.get(given, "list" if given.startswith("LIST") else "object" if given.startswith("MAP") else "")
    return not said or said == kind or {said, kind} <= NUMBERS or (said == "list" and kind.startswith("list"))


def initial_values(chart: Chart) -> dict[str, JSON]:
    """The context at the start, with what its states add."""
    values: dict[str, JSON] = {}
    for state in chart.states.values():
        values.update(state.context)
    return {**values, **chart.context}
