"""Expressions: each must compile, fit the types of the context, and give what its place needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.statechart.checks.names import written_names
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.types import (
    Checker,
    Types,
    checker,
    fits,
    initial_values,
    schema_types,
    value_types,
)
from orchestrator.statechart.checks.walk import Found, texts
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.expressions import ExpressionError, split

NEEDED = {"guard": ("true or false", ("BOOL", "DYN")), "list": ("a list", ("LIST", "DYN"))}
FIX = "Correct the expression; it may read context, event, instance and now."


@dataclass(frozen=True, slots=True)
class Typing:
    """The types that a chart's expressions are checked against; `sure` when its schema says so."""

    types: Types
    sure: bool

    def of(self, found: Found) -> Checker:
        return checker(self.types, found.local)

    @property
    def code(self) -> str:
        return "type-error" if self.sure else "type-doubt"


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every expression, in document order."""
    everything = texts(chart)
    typing = _typing(chart, everything)
    kinds = dict(typing.types)
    for found in everything:
        if found.kind == "template":
            yield from _template(typing, found)
        else:
            yield from _expression(typing, found)
            if typing.sure and found.sets:
                yield from _assigned(typing, kinds, found)


def _typing(chart: Chart, everything: Iterable[Found]) -> Typing:
    if chart.context_schema:
        return Typing(schema_types(chart.context_schema), True)
    types = value_types(initial_values(chart))
    return Typing(_still_sure(chart, types, everything), False)


def _still_sure(chart: Chart, types: Types, everything: Iterable[Found]) -> Types:
    """Initial values tell the type of a path only as long as nothing else is put there."""
    kinds = dict(types)
    lost = {f"context.{name}" for name in written_names(chart)}
    for found in everything:
        kind = kinds.get(f"context.{found.sets}") if found.sets else None
        if kind is not None and not fits(kind, checker(types, found.local).verdict(found.text).type):
            lost.add(f"context.{found.sets}")
    return tuple((path, kind) for path, kind in types if not lost.intersection(_above(path)))


def _above(path: str) -> Iterator[str]:
    """A path and all that hold it."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _template(typing: Typing, found: Found) -> Iterator[Problem]:
    try:
        parts = split(found.text)
    except ExpressionError as error:
        yield problem("expression", found.ref, found.field, f"The template does not compile: {error}", FIX)
        return
    for part, is_code in parts:
        if is_code:
            yield from _expression(typing, found._replace(text=part))


def _expression(typing: Typing, found: Found) -> Iterator[Problem]:
    verdict = typing.of(found).verdict(found.text)
    if verdict.mistyped:
        message = f"The {found.kind} does not fit the context: {verdict.reason}."
        fix = "Compare and combine values of one kind, or correct the type in contextSchema."
        if not typing.sure:
            fix = "Correct the expression, or the initial value in context."
        yield problem(typing.code, found.ref, found.field, message, fix)
    elif verdict.reason:
        message = f"The {found.kind} does not compile: {verdict.reason}"
        yield problem("expression", found.ref, found.field, message, FIX)
    elif found.kind in NEEDED:
        yield from _needed(typing, found, verdict.type)


def _needed(typing: Typing, found: Found, given: str) -> Iterator[Problem]:
    """A guard is true or false and what is gone through is a list, also without looking into the context."""
    said, kinds = NEEDED[found.kind]
    if given.startswith(kinds):
        return
    message = f"The {found.kind} must be {said}, this is of type {given.lower()}."
    plain = checker((), found.local).verdict(found.text)
    code = typing.code if plain.type.startswith(kinds) else "expression"
    yield problem(code, found.ref, found.field, message, FIX)


def _assigned(typing: Typing, kinds: dict[str, str], found: Found) -> Iterator[Problem]:
    kind = kinds.get(f"context.{found.sets}")
    given = typing.of(found).verdict(found.text).type
    if kind is not None and not fits(kind, given):
        message = f"“{found.sets}” is a {kind} in contextSchema, but is set to a value of type {given.lower()}."
        yield problem(typing.code, found.ref, found.field, message, "Convert the value, or correct the schema.")
