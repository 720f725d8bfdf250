"""A chart becomes a picture: what is shown of each state and transition, in which words, and what it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.diagrams.labels import (
    LONGEST_NAME,
    Line,
    action_lines,
    state_marks,
    state_name,
    transition_lines,
    transition_name,
    undoes,
)
from orchestrator.diagrams.measure import TITLE, fit
from orchestrator.diagrams.picture import Box, BoxKind, Detail, Link, Picture, Row, Start, box_size
from orchestrator.statechart.definition import Chart, Initial, State, Transition

TITLE_WIDTH = 240
THUMB = 74.0, 20.0
EDGE_CLASS = {
    "on": "sb-event",
    "always": "sb-event",
    "after": "sb-timeout",
    "done": "sb-done",
    "activity-done": "sb-done",
    "activity-error": "sb-error",
}
PROGRESS = frozenset({"on", "always", "done", "activity-done"})


def extract(chart: Chart, detail: Detail, collapsed: bool = False) -> Picture:
    """What to draw of a chart; `collapsed` draws every top-level state as one box."""
    return _Extract(chart, detail, collapsed).picture()


@dataclass(slots=True)
class _Extract:
    chart: Chart
    detail: Detail
    collapsed: bool
    shown: dict[str, State] = field(init=False)
    hidden: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.shown = _tops(self.chart) if self.collapsed else _without_insides_of_tasks(self.chart)
        self.hidden = {key: self._stand_in(key) for key in self.chart.states if key not in self.shown}

    def picture(self) -> Picture:
        chart, shown = self.chart, self.shown
        inside = Counter(self.hidden.values()) if self.collapsed else Counter[str]()
        rows = self._rows()
        boxes = {
            key: self._box(state, f"n{i}", inside[key], tuple(rows.get(key, ())))
            for i, (key, state) in enumerate(shown.items())
        }
        links = tuple(self._links())
        links = _merged(links) if self.collapsed else links
        starts = {"root": self._start(chart.initial)} if chart.initial else {}
        owners = [state for key, state in shown.items() if state.type == "compound" and boxes[key].children]
        starts |= {boxes[s.id].node: self._start(s.initial) for s in owners if s.initial}
        starts = {node: start for node, start in starts.items() if start.targets}
        roots = tuple(key for key in chart.roots if key in boxes)
        return Picture(chart.title, _summary(chart), self.detail, boxes, links, roots, starts, self.hidden)

    def _stand_in(self, key: str) -> str:
        while key not in self.shown:
            parent = self.chart.states[key].parent
            if parent is None:
                break
            key = parent
        return key

    def _end(self, key: str) -> str:
        return self.hidden.get(key, key)

    def _start(self, initial: Initial) -> Start:
        known = dict.fromkeys(self._end(target) for target in initial.targets if target in self.chart.states)
        return Start(tuple(known), action_lines(initial.actions) if self.detail == "full" else ())

    def _kind(self, state: State) -> BoxKind:
        parent = self.shown.get(state.parent) if state.parent else None
        if not state.children:
            task = parent is not None and bool(parent.tasks)
            return "task" if task else state.type if state.type in ("final", "history") else "atomic"
        if state.tasks:
            return "tasks"
        if state.type == "parallel":
            return "parallel"
        return "region" if parent and parent.type == "parallel" else "compound"

    def _box(self, state: State, node: str, inside: int, rows: tuple[Row, ...]) -> Box:
        kind = self._kind(state)
        title = fit(state.title, TITLE, TITLE_WIDTH)
        if kind == "history":
            title = "H*" if state.history == "deep" else "H"
        told = self._told(state) if kind == "task" else state
        marks = state_marks(told) if self.detail == "full" and kind != "history" else ()
        if inside and self.detail != "thumb":
            marks = (Line("sb-exp", "compound", f"{inside} states inside"), *marks)
        size = THUMB if self.detail == "thumb" else box_size(kind, title, marks, rows)
        name = state_name(told, {"tasks": "parallel", "task": "task"}.get(kind, kind)) + _start_words(state)
        return Box(state.id, node, kind, title, name[:LONGEST_NAME], marks, rows, *size, state.parent, state.children)

    def _told(self, task: State) -> State:
        """A task with the activity of the states which were made for it, which has its title and so tells its kind."""
        inner = [self.chart.states[key] for key, box in self.hidden.items() if box == task.id]
        activities = (activity for state in inner for activity in state.activities)
        return replace(task, activities=tuple(replace(activity, title=activity.kind) for activity in activities))

    def _rows(self) -> dict[str, list[Row]]:
        """Targetless transitions by state."""
        rows: dict[str, list[Row]] = {}
        if self.detail == "thumb":
            return rows
        for state in self.shown.values():
            for transition in self.chart.states[state.id].transitions:
                if not transition.targets and state.type != "history":
                    lines = transition_lines(transition, state, brief=self.detail == "compact")
                    name = transition_name(transition, state, [])
                    rows.setdefault(state.id, []).append(Row(transition.ref, _css(transition), lines, name))
        return rows

    def _links(self) -> Iterator[Link]:
        place = {key: i for i, key in enumerate(self.chart.states)}
        count = 0
        for state in self.chart.states.values():
            ahead = _main_way(state, place)
            for transition in state.transitions:
                targets = self._targets(state, transition)
                for link in self._lines_of(transition, state, targets, count, 6 if transition.ref == ahead else 1):
                    yield link
                    count += 1
        yield from self._dependencies(count)

    def _targets(self, state: State, transition: Transition) -> tuple[str, ...]:
        """The boxes it leads to, without what stays inside one box that stands for more."""
        ends = dict.fromkeys(self._end(target) for target in transition.targets if target in self.chart.states)
        return tuple(end for end in ends if state.id not in self.hidden or end != self._end(state.id))

    def _lines_of(
        self, transition: Transition, state: State, targets: tuple[str, ...], count: int, weight: int
    ) -> Iterator[Link]:
        if not targets:
            return
        thumb = self.detail == "thumb"
        lines = () if thumb else transition_lines(transition, state, brief=self.detail == "compact")
        titles = [self.chart.states[target].title for target in transition.targets if target in self.chart.states]
        name = transition_name(transition, state, titles)
        source, fork = self._end(state.id), f"f{count}" if len(targets) > 1 else ""
        stem = Link(
            f"e{count}", transition.ref, 0, source, targets[0], _css(transition), lines, name, weight,
            transition.internal, fork, bool(fork),
        )  # fmt: skip
        yield stem
        for nth, target in enumerate(targets if fork else (), 1):
            yield replace(stem, node=f"e{count + nth}", nth=nth, target=target, lines=(), stem=False)

    def _dependencies(self, count: int) -> Iterator[Link]:
        for state in self.shown.values():
            for task in state.tasks:
                for other in task.after:
                    ends = f"{state.id}.{other}", f"{state.id}.{task.name}"
                    if all(end in self.shown for end in ends):
                        yield Link(f"e{count}", "", 0, *ends, "sb-dependency", weight=3)
                        count += 1


def _start_words(state: State) -> str:
    """What is done on the way in, which its label in the picture only shows to those who see it."""
    actions = state.initial.actions if state.initial else ()
    return "".join(f", {line.text.replace('/', 'begins with', 1)}" for line in action_lines(actions))


def _css(transition: Transition) -> str:
    return EDGE_CLASS[transition.kind] + (" sb-compensates" if undoes(transition.actions) else "")


def _summary(chart: Chart) -> str:
    """What the picture shows in a sentence, for those who do not see it."""
    ways = sum(len(state.transitions) for state in chart.states.values())
    begins = [chart.states[key].title for key in chart.initial.targets if key in chart.states] if chart.initial else []
    words = f"{len(chart.states)} states, {ways} transitions."
    words += f" It begins in {' and '.join(begins)}." if begins else ""
    return f"{words} {chart.description}".strip()[:LONGEST_NAME]


def _tops(chart: Chart) -> dict[str, State]:
    """Top-level states as if they had nothing inside."""
    tops = [chart.states[key] for key in chart.roots]
    return {top.id: replace(top, type="atomic", children=(), tasks=()) if top.children else top for top in tops}


def _without_insides_of_tasks(chart: Chart) -> dict[str, State]:
    """All states, with each task as one box: its waiting, running and done are its matter."""
    regions = {key for state in chart.states.values() if state.tasks for key in state.children}
    if not regions:
        return dict(chart.states)
    inner = {key for region in regions for key in chart.states[region].children}
    closed = {
        key: replace(state, type="atomic", children=()) if key in regions else state
        for key, state in chart.states.items()
    }
    return {key: state for key, state in closed.items() if key not in inner}


def _merged(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """One line for all transitions between the same two boxes, under the ref of the first."""
    between: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        if not link.stem and link.source != link.target:
            between.setdefault((link.source, link.target), []).append(link)
    return tuple(replace(group[0], fork="") if len(group) == 1 else _sum(group) for group in between.values())


def _sum(group: list[Link]) -> Link:
    words = f"{len(group)} transitions"
    return replace(group[0], css="sb-event", lines=(Line("sb-ev", None, words),), name=words, fork="")


def _main_way(state: State, place: Mapping[str, int]) -> str:
    """The transition that moves the process on: lines of the main path are kept straight."""
    for transition in state.transitions:
        ahead = any(place.get(target, -1) > place[state.id] for target in transition.targets)
        if transition.kind in PROGRESS and ahead:
            return transition.ref
    return ""
