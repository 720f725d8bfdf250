"""Values of a chart that may be computed: data with `${...}` in it, and durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.durations import parse_duration
from orchestrator.statechart.expressions import ExpressionError, Scope, render
from orchestrator.statechart.run import Run

CSS_TIME = re.compile(r"(?P<amount>\d+(?:\.\d+)?|\.\d+)(?P<unit>ms|s)", re.ASCII)  # as SCXML writes a delay


def text_of(text: str, scope: Scope) -> str:
    """A name that may be computed. Raises ExpressionError when it is no text, or empty."""
    value = render(text, scope) if "${" in text else text
    if not isinstance(value, str) or not value:
        raise ExpressionError(f"{text}: must be a text that is not empty")
    return value


def rendered(data: Mapping[str, JSON], scope: Scope) -> dict[str, JSON]:
    """The data with its expressions worked out. Raises ExpressionError."""
    return {key: render(value, scope) for key, value in data.items()}


def later(begin: datetime, text: str, run: Run) -> datetime:
    """The moment after a duration that may be computed. Raises ExpressionError."""
    try:
        return begin + timedelta(seconds=seconds(text, run))
    except OverflowError:
        raise ExpressionError(f"{text}: ends after the last day of the calendar") from None


def seconds(text: str, run: Run) -> float:
    """The length of a duration that may be computed. Raises ExpressionError."""
    value = render(text, run.scope()) if "${" in text else text
    try:
        if "${" in text and isinstance(value, str) and (found := CSS_TIME.fullmatch(value.strip())):
            return float(found["amount"]) / (1_000 if found["unit"] == "ms" else 1)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"PT{max(value, 0):f}S"
        return parse_duration(str(value))
    except ValueError as error:
        raise ExpressionError(f"{text}: {error}") from None
