"""All that the design page shows of one draft, worked out once per request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.safestring import SafeString, mark_safe

from designer import drafts
from designer.outline import Node, outline
from designer.selection import Selection, select
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit
from orchestrator.definitions.publish import draft_errors
from orchestrator.diagrams.render import Overlay, render_svg
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, content_hash, parse
from orchestrator.statechart.validate import Problem, validate


@dataclass(frozen=True, slots=True)
class Studio:
    """`diagram` is SVG markup, or empty with the reason in `trouble`."""

    machine: Machine
    document: Mapping[str, Any]
    selection: Selection
    problems: Sequence[Problem]
    outline: Sequence[Node]
    diagram: SafeString
    trouble: str
    steps: drafts.Steps
    editable: bool

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors

    @property
    def next_version(self) -> int:
        return self.machine.current.number + 1 if self.machine.current else 1

    @property
    def unchanged(self) -> bool:
        """Whether the draft is what the current version says."""
        current = self.machine.current
        return current is not None and current.content_hash == content_hash(self.machine.draft)

    @property
    def empty(self) -> bool:
        return not self.document.get("states")


def build(machine: Machine, user: User | AnonymousUser, ref: str) -> Studio:
    """The studio of the machine's draft; a draft that cannot be read has one problem and no diagram."""
    chart, problems = examine(machine.draft)
    document: Mapping[str, Any] = machine.draft if chart else {}
    return Studio(
        machine=machine,
        document=document,
        selection=select(document, ref),
        problems=problems,
        outline=outline(document, problems),
        diagram=mark_safe(draw(chart, problems) if chart else ""),  # noqa: S308 the renderer escapes every user text
        trouble="" if chart else problems[0].message,
        steps=drafts.steps(machine),
        editable=can_edit(user, machine),
    )


def examine(document: object) -> tuple[Chart | None, list[Problem]]:
    """The chart of a document, None when it cannot be read, with all its problems."""
    try:
        chart = parse(document)
    except DocumentError:
        return None, draft_errors(document)
    return chart, validate(chart)


def draw(chart: Chart, problems: Sequence[Problem]) -> str:
    """The diagram with the number of errors and warnings at each state."""
    if not chart.states:
        return ""
    errors = Counter(problem.state for problem in problems if problem.severity == "error" and problem.state)
    warnings = Counter(problem.state for problem in problems if problem.severity == "warning" and problem.state)
    badges = {
        key: (
            *((("bad", str(errors[key])),) if errors[key] else ()),
            *((("wait", str(warnings[key])),) if warnings[key] else ()),
        )
        for key in {*errors, *warnings}
    }
    return render_svg(chart, Overlay(badges=badges), "full", title=f"{chart.title} state diagram")
