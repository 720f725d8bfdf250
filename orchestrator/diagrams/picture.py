"""What a picture is made of: boxes and links of measured size, named by number, which is all that layout reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.diagrams.labels import Line
from orchestrator.diagrams.measure import EVENT, MARK, REGION, TITLE, width

Detail = Literal["full", "compact", "thumb"]
BoxKind = Literal["atomic", "final", "history", "compound", "parallel", "region", "tasks", "task"]

NODE_PAD, LABEL_PAD, LABEL_GAP, ICON = 12, 4, 4, 17  # px
LINE, MARK_LINE, ROW_GAP = 15, 16, 4  # px
MOST_TARGETS_DOWN = 6  # a state with more targets than this reads better from left to right


@dataclass(frozen=True, slots=True)
class Row:
    """A targetless transition, which is written inside its state because nothing is left or entered."""

    key: str
    css: str
    lines: tuple[Line, ...]
    name: str

    @property
    def height(self) -> int:
        return LINE * len(self.lines) + ROW_GAP


@dataclass(frozen=True, slots=True)
class Box:
    """A state. `node` is its name for Graphviz; a box with children is a cluster, whose size follows from them."""

    key: str
    node: str
    kind: BoxKind
    title: str
    name: str
    marks: tuple[Line, ...]
    rows: tuple[Row, ...]
    width: float
    height: float
    parent: str | None
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the picture: a transition to several states has a stem up to a fork and then one line for each."""

    node: str
    key: str
    nth: int
    source: str
    target: str
    css: str
    lines: tuple[Line, ...] = ()
    name: str = ""
    weight: int = 1
    internal: bool = False
    fork: str = ""  # the name of the fork's node
    stem: bool = False  # ends at the fork; without it a link with a fork begins there

    @property
    def done(self) -> bool:
        return "sb-done" in self.css

    @property
    def size(self) -> tuple[float, float]:
        return label_size(self.lines)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a chart or a compound state begins, and what is done on the way."""

    targets: tuple[str, ...]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn.

    `starts` are named by the node of their owner, `root` for the chart. `hidden` maps a state that another box stands
    for to the key of that box.
    """

    title: str
    summary: str
    detail: Detail
    boxes: Mapping[str, Box]
    links: tuple[Link, ...]
    roots: tuple[str, ...]
    starts: Mapping[str, Start]
    hidden: Mapping[str, str]

    @property
    def rankdir(self) -> str:
        fans: dict[str, set[str]] = {}
        for link in self.links:
            fans.setdefault(link.source, set()).add(link.target)
        wide = any(len(targets) > MOST_TARGETS_DOWN for targets in fans.values())
        return "LR" if wide or self.detail == "thumb" else "TB"

    def above(self, key: str) -> Iterator[str]:
        """The boxes around this one, innermost first."""
        parent = self.boxes[key].parent
        while parent:
            yield parent
            parent = self.boxes[parent].parent

    def holds(self, outer: str, inner: str) -> bool:
        return outer == inner or outer in self.above(inner)

    def home(self, *keys: str) -> str | None:
        """The innermost box around all of these."""
        first, *others = keys
        around = [set(self.above(key)) for key in others]
        return next((key for key in self.above(first) if all(key in above for above in around)), None)

    def leaves(self, key: str) -> list[Box]:
        box = self.boxes[key]
        return [leaf for child in box.children for leaf in self.leaves(child)] if box.children else [box]


def label_size(lines: tuple[Line, ...]) -> tuple[float, float]:
    """Width and height that the lines of a label take, with the gap between label and line."""
    if not lines:
        return 0.0, 0.0
    fonts = [EVENT if line.css.startswith("sb-ev") else MARK for line in lines]
    widest = max(width(line.text, font) + (16 if line.icon else 0) for line, font in zip(lines, fonts, strict=True))
    return round(widest + 2 * LABEL_PAD + 2 * LABEL_GAP), LINE * len(lines) + 5


def box_size(kind: BoxKind, title: str, marks: tuple[Line, ...], rows: tuple[Row, ...]) -> tuple[float, float]:
    """The size of a box, or for a cluster that of the words at its top."""
    if kind == "history":
        return 28, 28
    inner = max((label_size(row.lines)[0] for row in rows), default=0)
    below = sum(row.height for row in rows)
    if kind in ("compound", "parallel", "tasks"):  # the title bar: icon, title, marks in one row
        bar = width(title, TITLE) + sum(width(m.text, MARK) + ICON + 12 for m in marks) + 34
        return max(bar, inner), 20 + (below + 8 if rows else 0)
    if kind == "region":
        head = width(title, REGION) + sum(width(m.text, MARK) + ICON + 12 for m in marks) + 12
        return max(head, inner), 16 + (below + 4 if rows else 0)
    widest = max([width(title, TITLE), inner, *(width(mark.text, MARK) + ICON for mark in marks)])
    height = 36 + MARK_LINE * len(marks) if marks or rows else 34
    return max(96, round(widest + 2 * NODE_PAD)), height + (below + 2 if rows else 0)
