"""A problem of a chart as a value."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.statechart.checks.codes import CODES, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is where in the document, `message` what is wrong, `fix` the mend.

    `state` is the state it belongs to (None: the chart), `ref` what to select to mend it (a state, a transition or an
    activity), `field` the key of the document there.
    """

    code: str
    path: str
    severity: Severity
    message: str
    fix: str
    state: str | None = None
    ref: str = ""
    field: str = ""

    @property
    def page(self) -> str:
        """Where the documentation shows a wrong and a right example."""
        return f"docs/problems/{self.code}.md"


def problem(code: str, ref: str, field: str, message: str, fix: str) -> Problem:
    """A problem at a ref (`state`, `state/on/0`, or empty for the chart) and a field of it."""
    path = "/".join(part for part in (ref, field) if part)
    return Problem(code, path, CODES[code].severity, message, fix, ref.split("/", 1)[0] or None, ref, field)
