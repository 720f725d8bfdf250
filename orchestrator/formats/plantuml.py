"""A chart as a PlantUML state diagram, in which no text of a user is a directive, a function or markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.formats.dot.labels import action_text, aims, state_lines, way_lines
from orchestrator.formats.dot.notes import picture_notes
from orchestrator.formats.fidelity import Exported, Note
from orchestrator.statechart.definition import Chart, Initial, State, Transition
from orchestrator.statechart.reading import readable

# Signs which may mean something, also as --struck-- when doubled, and spaces at an end: they are written as numbers.
MEANING = re.compile(r"[^\w .,:;?()+=/\[\]>\-\u0080-\U0010ffff]|([_.=/\[\]>\-])\1+|^ | $")
HISTORIES = {"shallow": "<<history>>", "deep": "<<history*>>"}


def write(chart: Chart) -> Exported:
    """The text between `@startuml` and `@enduml`."""
    drawing = _Drawing(chart)
    lines = list(drawing.lines())
    return Exported("\n".join(lines) + "\n", (*picture_notes(chart, described=True), *drawing.notes))


def plain(text: str) -> str:
    """A text of a user as one line in which every sign stands for itself."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return MEANING.sub(lambda found: "".join(f"<U+{ord(sign):04X}>" for sign in found[0]), line)


def joined(lines: Iterable[str]) -> str:
    """Several lines as PlantUML writes them in one."""
    return "\\n".join(plain(line) for line in lines)


class _Drawing:
    """Names of states count through them. No arrow may cross the border of a region: it starts or ends outside then."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.names = {key: f"s{number}" for number, key in enumerate(chart.states)}
        self.notes: list[Note] = []

    def lines(self) -> Iterator[str]:
        yield from ("@startuml", "hide empty description", f"title {plain(self.chart.title)}")
        yield from self.inside(self.chart.initial, self.chart.roots, None, "")
        for state in self.chart.states.values():
            for way in state.transitions:
                yield from self.arrows(state, way)
        if self.chart.description.strip():
            yield f'note "{joined(self.chart.description.strip().splitlines())}" as N1'
        yield "@enduml"

    def inside(self, initial: Initial | None, keys: Sequence[str], holder: State | None, pad: str) -> Iterator[str]:
        """The states in a chart or in a state, where it begins, and where it is done."""
        regions = holder is not None and holder.type == "parallel"
        for number, key in enumerate(keys):
            if regions and number:
                yield f"{pad}--"
            yield from self.state(self.chart.states[key], pad, regions)
        inner = None if holder is None else holder.id
        for target in initial.targets if initial else ():
            if target in self.names:
                told = joined(f"/ {action_text(action)}" for action in initial.actions) if initial else ""
                yield f"{pad}[*] --> {self.names[self.reached(target, inner)]}{f' : {told}' if told else ''}"
        for key in keys:
            if self.chart.states[key].type == "final":
                yield f"{pad}{self.names[key]} --> [*]"

    def state(self, state: State, pad: str, region: bool) -> Iterator[str]:
        name = self.names[state.id]
        title, look = plain(state.title), ""
        if state.type == "history" and not region:
            look = f" {HISTORIES[state.history or 'shallow']}"
            if state.title != readable(state.id):
                self.notes.append(Note("lost", f"states/{state.id}", "title", "is not drawn on a history state"))
        holds = bool(state.children) or region  # a region is drawn as a composite state, so that arrows may reach it
        yield f'{pad}state "{title}" as {name}{look}{" {" if holds else ""}'
        if holds:
            yield from self.inside(state.initial, state.children, state, f"{pad}  ")
            yield f"{pad}}}"
        for line in state_lines(self.chart, state):
            yield f"{pad}{name} : {plain(line)}"
        if state.description.strip():
            yield f"{pad}note right of {name} : {joined(state.description.strip().splitlines())}"

    def arrows(self, state: State, way: Transition) -> Iterator[str]:
        for target in aims(self.chart, way):
            source, end = self.reached(state.id, target), self.reached(target, state.id)
            moved = [f"from {state.title}"] if source != state.id else []
            moved += [f"to {self.chart.states[target].title}"] if end != target else []
            if moved:
                self.notes.append(Note("changed", f"states/{way.ref}", "arrow", "stands at the border of the regions"))
            told = joined([*way_lines(state, way), *moved])
            yield f"{self.names[source]} --> {self.names[end]}{f' : {told}' if told else ''}"

    def reached(self, key: str, other: str | None) -> str:
        """The state that stands for `key` in an arrow to or from `other`: outside of regions in which it is not."""
        around = self.line(other)
        reached = key
        for region in self.line(key):
            parent = self.chart.states[region].parent
            if parent is not None and self.chart.states[parent].type == "parallel" and region not in around:
                reached = parent
        return reached

    def line(self, key: str | None) -> list[str]:
        """A state and those around it."""
        found = []
        while key is not None:
            found.append(key)
            key = self.chart.states[key].parent
        return found
