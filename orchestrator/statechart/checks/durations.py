"""Durations that are written out; computed ones are checked as expressions."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.statechart.checks.problem import Problem, error
from orchestrator.statechart.durations import parse_duration


def duration_problem(ref: str, field: str, text: str) -> Iterator[Problem]:
    if "${" in text:
        return
    try:
        parse_duration(text)
    except ValueError as reason:
        message = f"{str(reason)[:1].upper()}{str(reason)[1:]}."
        yield error("duration", ref, field, message, "Write a duration such as PT30M, PT48H or P2D.")


def longer_than(text: str, seconds: float) -> bool:
    """Whether a duration that is written out and valid is longer than this."""
    try:
        return parse_duration(text) > seconds
    except ValueError:
        return False
