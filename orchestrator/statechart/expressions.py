"""The CEL adapter: expressions and `${...}` templates over the JSON of an instance.

Google's C++ CEL returns errors as values, so every result is checked for its type; it bounds recursion and iteration.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
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
    "item": cel.Type.DYN,  # in an activity that is done for each item of a list
    "index": cel.Type.DYN,
    "status": cel.Type.DYN,  # these three are the answer of an HTTP activity, for what is read from it
    "headers": cel.Type.DYN,
    "body": cel.Type.DYN,
    "_event": cel.Type.DYN,  # these are the system variables of SCXML 5.10
    "_sessionid": cel.Type.DYN,
    "_name": cel.Type.DYN,
    "_ioprocessors": cel.Type.DYN,
}
WORD = re.compile(r"\w+")


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


class _Asked(threading.local):
    """The active states of the instance whose expression this thread evaluates, for `In()`."""

    active: Collection[str] = ()


_asked = _Asked()
IN_STATE = cel.CelExtension(
    "in_state",
    [
        cel.FunctionDecl(
            "In", [cel.Overload("in_state", cel.Type.BOOL, [cel.Type.STRING], False, lambda key: key in _asked.active)]
        )
    ],
)
keep_none_alive()
ENVIRONMENT = cel.NewEnv(variables=VARIABLES, extensions=[MIXED_NUMBERS, IN_STATE])


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression with the variables that it may read."""

    expression: cel.Expression
    names: tuple[str, ...]


def is_error(value: cel.Value) -> bool:
    """Whether a value is an error, which CEL gives back as a text; asking any other value for its type takes longer."""
    return isinstance(value.value(), str) and value.type() == cel.Type.ERROR


EXPECTING = re.compile(r" expecting (?:\{.*\}?|\S+)$")  # a list of all tokens that CEL knows helps nobody


class Scope:
    """The variables of an expression, and the active states that `In()` knows.

    CEL converts variables before it evaluates, so an expression is given those alone which it names, and expressions
    that name the same ones share them.
    """

    __slots__ = ("_activations", "_active", "_mended", "_variables")

    def __init__(self, variables: Mapping[str, Any], active: Collection[str] = ()) -> None:
        self._variables = variables
        self._active = active
        self._activations: dict[tuple[str, ...], Any] = {}
        self._mended = False

    def evaluate(self, program: Program) -> cel.Value:
        """The value as CEL gives it, an error too. Raises what CEL raises.

        A failure may be over a variable that CEL cannot hold, so it is tried once more with variables that are mended.
        """
        _asked.active = self._active
        try:
            value = program.expression.eval(activation=self._activation(program.names))
            if self._mended or not is_error(value):
                return value
        except Exception:
            if self._mended:
                raise
        self._mended = True
        self._activations.clear()
        return program.expression.eval(activation=self._activation(program.names))

    def _activation(self, names: tuple[str, ...]) -> Any:
        found = self._activations.get(names)
        if found is None:
            data = self._given(names)
            found = ENVIRONMENT.Activation(data=holdable(data) if self._mended else data)
            self._activations[names] = found
        return found

    def _given(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Those variables of these names that there are."""
        return {name: self._variables[name] for name in names if name in self._variables}


@lru_cache(maxsize=8_192)
def compiled(text: str) -> Program:
    """The compiled expression, kept because compiling costs ten times an evaluation. Raises ExpressionError."""
    words = set(WORD.findall(text))
    return Program(compile_in(text), tuple(name for name in VARIABLES if name in words))


def compile_in(text: str, environment: cel.Env = ENVIRONMENT) -> cel.Expression:
    """The compiled expression, which may read what the environment declares. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text)} characters; shorten it to {MAX_LENGTH}")
    try:
        return environment.compile(text)
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
        return compile_in(text).return_type().name(), ""
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
    answer = value.value()
    if not isinstance(answer, bool):
        raise ExpressionError(f"{text}: a guard must be true or false, this is of type {value.type().name().lower()}")
    return answer


def _run(text: str, scope: Scope) -> cel.Value:
    try:
        value = scope.evaluate(compiled(text))
    except ExpressionError:
        raise
    except Exception as error:  # raised for exhausted budgets and for values which CEL cannot hold
        raise ExpressionError(f"{text}: {_first_line(str(error))}") from None
    if is_error(value):
        raise ExpressionError(f"{text}: {_first_line(str(value.value()))}")
    return value


def _first_line(message: str) -> str:
    """The reason without CEL's status code and drawing."""
    line = message.split("\n", 1)[0]
    for code in ("INVALID_ARGUMENT: ", "NOT_FOUND: ", "UNKNOWN: ", "INTERNAL: ", "CANCELLED: ", "ERROR: <input>:"):
        line = line.removeprefix(code)
    for code in ("INVALID_ARGUMENT", "INTERNAL", "CANCELLED"):
        line = line.removesuffix(f" [{code}]")
    plain = EXPECTING.sub("", line.replace("(in container '')", ""))
    return plain.replace("mismatched input '<EOF>'", "it ends too early").replace("'<EOF>'", "the end").strip()[:500]


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
