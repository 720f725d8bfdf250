"""Silences: problems that a designer takes responsibility for, with the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.statechart.checks.codes import CODES
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.definition import Chart, Silence
from orchestrator.statechart.structure import structure_of


@dataclass(frozen=True, slots=True)
class Silenced:
    """A problem that is not shown, and the reason which the chart gives."""

    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Examined:
    """`problems` are to be answered; `silenced` have been."""

    problems: tuple[Problem, ...]
    silenced: tuple[Silenced, ...] = ()


def divided(chart: Chart, problems: Iterable[Problem]) -> Examined:
    """Which of these problems the chart answers; an error is never silenced, and a silence for nothing is a problem."""
    left: list[Problem] = []
    silenced: list[Silenced] = []
    used: set[int] = set()
    for found in problems:
        at = _silence(chart, found) if found.severity == "warning" else None
        if at is None:
            left.append(found)
        else:
            used.add(at)
            silenced.append(Silenced(found, chart.silenced[at].reason))
    return Examined((*left, *_wrong(chart, used)), tuple(silenced))


def _silence(chart: Chart, found: Problem) -> int | None:
    return next((at for at, silence in enumerate(chart.silenced) if _covers(chart, silence, found)), None)


def _covers(chart: Chart, silence: Silence, found: Problem) -> bool:
    """Whether the problem lies at the silence's path, below it, or in a state inside of the state it names."""
    if silence.code != found.code:
        return False
    if not silence.path or f"{found.path}/".startswith(f"{silence.path}/"):
        return True
    return silence.path in structure_of(chart).ancestors.get(found.state or "", ())


def _wrong(chart: Chart, used: set[int]) -> Iterator[Problem]:
    for at, silence in enumerate(chart.silenced):
        code = CODES.get(silence.code)
        if code is not None and code.severity == "error":
            message = f"“{silence.code}” is an error, which cannot be silenced."
            yield problem("silence-error", "", f"silence/{at}", message, "Remove the silence and mend the error.")
        elif at not in used:
            where = f" at {silence.path}" if silence.path else ""
            message = f"The silence for “{silence.code}”{where} matches no problem."
            yield problem("silence-unused", "", f"silence/{at}", message, "Remove it, or correct its code or path.")
