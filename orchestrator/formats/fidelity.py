"""What a translation between two formats lost or changed, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.statechart.definition import Chart


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is not as it was: `lost` means it is gone, `changed` that it is said in another way.

    `path` is where in the chart, as in `states/review/on/0`, empty for the whole; `what` names the construct in plain
    words, and `message` says what became of it.
    """

    kind: Literal["lost", "changed"]
    path: str
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A chart that was read, and how it differs from the text."""

    chart: Chart
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """A text that was written, and how it differs from the chart."""

    text: str
    notes: tuple[Note, ...] = ()
