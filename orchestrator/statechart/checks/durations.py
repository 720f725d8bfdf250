"""Durations that are written out; computed ones are checked as expressions."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.durations import parse_duration


def duration_problem(ref: str, field: str, text: str) -> Iterator[Problem]:
    if "${" in text:
        return
    try:
        parse_duration(text)
    except ValueError as reason:
        message = f"{str(reason)[:1].upper()}{str(reason)[1:]}."
        yield problem("duration", ref, field, message, "Write a duration such as PT30M, PT48H or P2D.")


def known_seconds(text: str | None) -> float | None:
    """The seconds of a duration that is written out and valid; None for any other."""
    try:
        return parse_duration(text) if text else None
    except ValueError:
        return None
