"""The CEL adapter: expressions and `${...}` templates over the JSON of an instance.

Google's C++ CEL returns errors as values, so every result is checked for its type; it bounds recursion and iteration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from orchestrator.statechart.cel_values import NotJson, Reader, holdable, keep_none_alive
from orchestrator.statechart.definition import JSON

MAX_LENGTH = 2_000  # characters of one expression
VARIABLES = {
    "context": cel.Type.DYN,  # the instance's data
    "event": cel.Type.DYN,  # the data of the event, or the result of an activity
    "instance": cel.Type.DYN,  # id and key
    "now": cel.Type.TIMESTAMP,  # the time of the step
    "result": cel.Type.DYN,  # in the input of a compensation: the result of what it undoes
}


class ExpressionError(Exception):
    """An expression that does not compile or cannot be evaluated; the text says why."""


def _divide(left: Any, right: Any) -> float:
    """IEEE division as CEL does it for doubles, where Python would raise."""
    divisor = float(right)
    if divisor:
        return float(left) / divisor
    return math.nan if not left else math.copysign(math.inf, float(left)) * math.copysign(1.0, divisor)


def _mixed(name: str, label: str, function: Callable[[Any, Any], float]) -> cel.FunctionDecl:
    """One arithmetic operator on an int and a double, which CEL itself lacks: JSON does not tell 2 from 2.0."""
    kinds = [(cel.Type.INT, cel.Type.DOUBLE), (cel.Type.DOUBLE, cel.Type.INT)]
    overloads = [
        cel.Overload(f"{label}_{at}", cel.Type.DOUBLE, list(pair), False, function) for at, pair in enumerate(kinds)
    ]
    return cel.FunctionDecl(name, overloads)


MIXED_NUMBERS = cel.CelExtension(
    "mixed_numbers",
    [
        _mixed("_+_", "mixed_add", lambda left, right: float(left) + float(right)),
        _mixed("_-_", "mixed_subtract", lambda left, right: float(left) - float(right)),
        _mixed("_*_", "mixed_multiply", lambda left, right: float(left) * float(right)),
        _mixed("_/_", "mixed_divide", _divide),
    ],
)
keep_none_alive()
ENVIRONMENT = cel.NewEnv(variables=VARIABLES, extensions=[MIXED_NUMBERS])


class Scope:
    """The variables of an expression. CEL converts them once for all expressions that are evaluated in one scope."""

    __slots__ = ("_activation", "_mended", "_variables")

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._activation = ENVIRONMENT.Activation(data=variables)
        self._mended = False

    def evaluate(self, expression: cel.Expression) -> cel.Value:
        """The value as CEL gives it. Raises what CEL raises, unless it is over a variable that could be mended."""
        try:
            value = expression.eval(activation=self._activation)
            if value.type() != cel.Type.ERROR or not self._mend():
                return value
        except Exception:
            if not self._mend():
                raise
        return expression.eval(activation=self._activation)

    def _mend(self) -> bool:
        """Whether some variable is now another, because CEL cannot hold what it was."""
        held = self._variables if self._mended else holdable(self._variables)
        self._mended = True
        if held is self._variables:
            return False
        self._activation = ENVIRONMENT.Activation(data=held)
        return True


@lru_cache(maxsize=8_192)
def compiled(text: str) -> cel.Expression:
    """The compiled expression, kept because compiling costs ten times an evaluation. Raises ExpressionError."""
    return _compile(text)


def _compile(text: str) -> cel.Expression:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text)} characters; shorten it to {MAX_LENGTH}")
    try:
        return ENVIRONMENT.compile(text)
    except Exception as error:  # the adapter raises RuntimeError and, for some inputs, others
        raise ExpressionError(_first_line(str(error))) from None


def check(text: str, boolean: bool = False) -> str | None:
    """Why this expression does not compile (or, as a guard, can never be true or false); None when it is fine."""
    kind, reason = _checked(text)
    if reason:
        return reason
    if boolean and kind not in ("BOOL", "DYN"):
        return f"a guard must be true or false, this is of type {kind.lower()}"
    return None


@lru_cache(maxsize=8_192)
def _checked(text: str) -> tuple[str, str]:
    """The type of an expression, or why it does not compile; what people are still typing is not kept compiled."""
    try:
        return _compile(text).return_type().name(), ""
    except ExpressionError as error:
        return "", str(error) or "it does not compile"


def check_template(text: str) -> str | None:
    """Why one of the `${...}` in this text does not compile; None when all do."""
    try:
        parts = split(text)
    except ExpressionError as error:
        return str(error)
    return next((found for part, is_code in parts if is_code and (found := check(part))), None)


def evaluate(text: str, scope: Scope) -> JSON:
    """The value of an expression as JSON. Raises ExpressionError."""
    try:
        return Reader().read(_run(text, scope))
    except NotJson as error:
        raise ExpressionError(f"{text}: {error}") from None


def holds(text: str, scope: Scope) -> bool:
    """Whether a guard is true. Raises ExpressionError when it is neither true nor false."""
    value = _run(text, scope)
    if value.type() != cel.Type.BOOL:
        raise ExpressionError(f"{text}: a guard must be true or false, this is of type {value.type().name().lower()}")
    return bool(value.value())


def _run(text: str, scope: Scope) -> cel.Value:
    try:
        value = scope.evaluate(compiled(text))
    except ExpressionError:
        raise
    except Exception as error:  # raised for exhausted budgets and for values which CEL cannot hold
        raise ExpressionError(f"{text}: {_first_line(str(error))}") from None
    if value.type() == cel.Type.ERROR:
        raise ExpressionError(f"{text}: {_first_line(str(value.value()))}")
    return value


def _first_line(message: str) -> str:
    """The reason without CEL's status code and drawing."""
    line = message.split("\n", 1)[0]
    for code in ("INVALID_ARGUMENT: ", "NOT_FOUND: ", "UNKNOWN: ", "INTERNAL: ", "CANCELLED: ", "ERROR: <input>:"):
        line = line.removeprefix(code)
    for code in ("INVALID_ARGUMENT", "INTERNAL", "CANCELLED"):
        line = line.removesuffix(f" [{code}]")
    return line.replace("(in container '')", "").strip()[:500]


def render(value: JSON, scope: Scope) -> JSON:
    """A JSON value with every `${...}` in its texts replaced. Raises ExpressionError.

    A text that is one `${...}` becomes the value itself, of whatever type; within more text it is written out.
    """
    if isinstance(value, str):
        return _render_text(value, scope) if "${" in value else value
    if isinstance(value, list):
        return [render(item, scope) for item in value]
    if isinstance(value, Mapping):
        return {key: render(item, scope) for key, item in value.items()}
    return value


def _render_text(text: str, scope: Scope) -> JSON:
    parts = split(text)
    if len(parts) == 1 and parts[0][1]:
        return evaluate(parts[0][0], scope)
    return "".join(written(evaluate(part, scope)) if is_code else part for part, is_code in parts)


def written(value: JSON) -> str:
    """A value within a text: texts as they are, nothing for null, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=8_192)
def split(text: str) -> tuple[tuple[str, bool], ...]:
    """The parts of a template, each with whether it is an expression. Raises ExpressionError for an unclosed one."""
    parts: list[tuple[str, bool]] = []
    at = 0
    while (begin := text.find("${", at)) >= 0:
        if begin > at:
            parts.append((text[at:begin], False))
        end = _closing(text, begin + 2)
        parts.append((text[begin + 2 : end].strip(), True))
        at = end + 1
    if at < len(text) or not parts:
        parts.append((text[at:], False))
    return tuple(parts)


def _closing(text: str, at: int) -> int:
    """Where the brace that closes an expression stands, past nested braces and quoted texts."""
    depth, quote = 1, ""
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if not depth:
                return at
        at += 1
    raise ExpressionError("a ${ is not closed; add the missing }")
