"""The problems of small charts as pairs of code and path."""

from __future__ import annotations

from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import Problem, validate
from tests.statechart.support import Document, document


def problems(states: Document, **more: object) -> list[Problem]:
    return validate(parse(document(states, **more)))


def codes(states: Document, severity: str = "", **more: object) -> list[tuple[str, str]]:
    """Code and path of every problem, or of those with this severity."""
    return [(found.code, found.path) for found in problems(states, **more) if severity in ("", found.severity)]
