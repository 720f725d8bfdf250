"""A chart becomes boxes and links of measured size, named by number, which is all that layout and drawing read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.diagrams.labels import Line, state_marks, state_name, transition_lines, transition_name
from orchestrator.diagrams.measure import EVENT, MARK, REGION, TITLE, fit, width
from orchestrator.statechart.definition import Chart, Compensate, State, Transition

Detail = Literal["full", "compact", "thumb"]
BoxKind = Literal["atomic", "final", "history", "compound", "parallel", "region"]

NODE_PAD, LABEL_PAD, LABEL_GAP, ICON = 12, 4, 4, 17  # px
TITLE_WIDTH = 240
THUMB = 74.0, 20.0
MOST_TARGETS_DOWN = 6  # a state with more targets than this reads better from left to right
EDGE_CLASS = {
    "on": "sb-event",
    "always": "sb-event",
    "after": "sb-timeout",
    "done": "sb-done",
    "activity-done": "sb-done",
    "activity-error": "sb-error",
}
PROGRESS = frozenset({"on", "always", "done", "activity-done"})


@dataclass(frozen=True, slots=True)
class Box:
    """A state. `node` is its name for Graphviz; a box with children is a cluster, whose size follows from them."""

    key: str
    node: str
    kind: BoxKind
    title: str
    name: str
    marks: tuple[Line, ...]
    width: float
    height: float
    parent: str | None
    children: tuple[str, ...]
    initial: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the picture: a transition has one for each target, numbered by `nth`."""

    node: str
    key: str
    nth: int
    source: str
    target: str
    css: str
    lines: tuple[Line, ...]
    name: str
    width: float
    height: float
    weight: int
    stays: bool  # no state is left: a targetless transition

    @property
    def done(self) -> bool:
        return "sb-done" in self.css


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn. `hidden` maps a state that a collapsed box stands for to the key of that box."""

    title: str
    detail: Detail
    boxes: Mapping[str, Box]
    links: tuple[Link, ...]
    roots: tuple[str, ...]
    initial: str | None
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

    def home(self, a: str, b: str) -> str | None:
        """The innermost box around both."""
        around = set(self.above(b))
        return next((key for key in self.above(a) if key in around), None)


def extract(chart: Chart, detail: Detail, collapsed: bool = False) -> Picture:
    """What to draw of a chart; `collapsed` draws every top-level state as one box."""
    shown = _collapsed_states(chart) if collapsed else dict(chart.states)
    hidden = {key: _root(chart, key) for key in chart.states if key not in shown}
    inside = Counter(hidden.values())
    boxes = {key: _box(chart, state, f"n{i}", detail, inside[key]) for i, (key, state) in enumerate(shown.items())}
    roots = tuple(key for key in chart.roots if key in boxes)
    named = chart.initial.first if chart.initial else ""
    initial = hidden.get(named, named)
    links = tuple(_links(chart, hidden, detail))
    links = _merged(links) if collapsed else links
    return Picture(chart.title, detail, boxes, links, roots, initial if initial in boxes else None, hidden)


def _root(chart: Chart, key: str) -> str:
    while parent := chart.states[key].parent:
        key = parent
    return key


def _collapsed_states(chart: Chart) -> dict[str, State]:
    """Top-level states as if they had nothing inside."""
    tops = [chart.states[key] for key in chart.roots]
    return {top.id: replace(top, type="atomic", children=()) if top.children else top for top in tops}


def _kind(chart: Chart, state: State) -> BoxKind:
    if not state.children:
        return state.type if state.type in ("final", "history") else "atomic"
    if state.type == "parallel":
        return "parallel"
    parent = chart.states[state.parent] if state.parent else None
    return "region" if parent and parent.type == "parallel" else "compound"


def _box(chart: Chart, state: State, node: str, detail: Detail, inside: int) -> Box:
    kind = _kind(chart, state)
    title = fit(state.title, TITLE, TITLE_WIDTH)
    if kind == "history":
        title = "H*" if state.history == "deep" else "H"
    marks = state_marks(state) if detail == "full" else ()
    if inside and detail != "thumb":
        marks = (Line("sb-exp", "compound", f"{inside} states inside"), *marks)
    size = THUMB if detail == "thumb" else _size(kind, title, marks)
    initial = state.initial.first if state.initial and state.type == "compound" else None
    initial = initial if initial in chart.states else None
    name = state_name(state, kind)
    return Box(state.id, node, kind, title, name, marks, *size, state.parent, state.children, initial)


def _size(kind: BoxKind, title: str, marks: tuple[Line, ...]) -> tuple[float, float]:
    if kind == "history":
        return 28, 28
    if kind in ("compound", "parallel"):  # the title bar: icon, title, marks in one row
        return width(title, TITLE) + sum(width(m.text, MARK) + ICON + 12 for m in marks) + 34, 20
    if kind == "region":
        return width(title, REGION) + 12, 16
    widest = max([width(title, TITLE), *(width(mark.text, MARK) + ICON for mark in marks)])
    return max(96, round(widest + 2 * NODE_PAD)), 36 + 16 * len(marks) if marks else 34


def _links(chart: Chart, hidden: Mapping[str, str], detail: Detail) -> Iterator[Link]:
    place = {key: i for i, key in enumerate(chart.states)}
    count = 0
    for state in chart.states.values():
        ahead = _main_way(chart, state, place)
        for transition in state.transitions:
            for nth, target in enumerate(transition.targets or (state.id,)):
                source, end = hidden.get(state.id, state.id), hidden.get(target, target)
                inside = state.id in hidden and source == end
                if target not in chart.states or inside:
                    continue
                weight = 6 if transition.ref == ahead else 1
                yield _link(chart, transition, f"e{count}", nth, (source, end), detail, weight)
                count += 1


def _merged(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """One line for all transitions between the same two boxes, under the ref of the first."""
    between: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        between.setdefault((link.source, link.target), []).append(link)
    return tuple(group[0] if len(group) == 1 else _sum(group) for group in between.values())


def _sum(group: list[Link]) -> Link:
    words = f"{len(group)} transitions"
    lines = (Line("sb-ev", None, words),) if group[0].lines else ()
    width_, height = _label_size(lines) if lines else (0.0, 0.0)
    return replace(group[0], css="sb-event", lines=lines, name=words, width=width_, height=height)


def _main_way(chart: Chart, state: State, place: Mapping[str, int]) -> str:
    """The transition that moves the process on: lines of the main path are kept straight."""
    for transition in state.transitions:
        ahead = any(place.get(target, -1) > place[state.id] for target in transition.targets)
        if transition.kind in PROGRESS and ahead:
            return transition.ref
    return ""


def _link(
    chart: Chart, transition: Transition, node: str, nth: int, ends: tuple[str, str], detail: Detail, weight: int
) -> Link:
    state = chart.states[transition.source]
    target = transition.targets[nth] if transition.targets else state.id
    lines = () if detail == "thumb" else transition_lines(transition, state, brief=detail == "compact")
    css = EDGE_CLASS[transition.kind]
    if any(isinstance(action, Compensate) for action in transition.actions):
        css += " sb-compensates"
    name = transition_name(transition, state, chart.states[target].title)
    size = _label_size(lines) if lines else (0.0, 0.0)
    return Link(node, transition.ref, nth, *ends, css, lines, name, *size, weight, not transition.targets)


def _label_size(lines: tuple[Line, ...]) -> tuple[float, float]:
    fonts = [EVENT if line.css.startswith("sb-ev") else MARK for line in lines]
    widest = max(width(line.text, font) + (16 if line.icon else 0) for line, font in zip(lines, fonts, strict=True))
    return round(widest + 2 * LABEL_PAD + 2 * LABEL_GAP), 15 * len(lines) + 5
