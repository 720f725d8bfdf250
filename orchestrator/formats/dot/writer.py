"""A chart as plain DOT for other tools: boxes, clusters and arrows, and labels in which no sign has a meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.formats.dot.labels import action_text, aims, state_lines, way_lines
from orchestrator.formats.dot.notes import picture_notes
from orchestrator.formats.fidelity import Exported
from orchestrator.statechart.definition import Chart, Initial, State, Transition

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "&": "&amp;"})  # Graphviz reads entities and its own \N in labels
LOOKS = {"final": "peripheries=2", "history": "shape=circle"}


def write(chart: Chart) -> Exported:
    """The DOT text, which leaves shapes and colours to the tool that draws it."""
    return Exported("\n".join(_Drawing(chart).lines()) + "\n", tuple(picture_notes(chart, described=False)))


def label(lines: Sequence[str]) -> str:
    """Lines of text as a label: one line of the user stays one line, and every sign stands for itself."""
    shown = ("".join(sign if sign.isprintable() else " " for sign in line).translate(ESCAPES) for line in lines)
    return 'label="' + "\\n".join(shown) + '"'


class _Drawing:
    """Names of nodes count through the states; a state with others inside is a cluster with a hidden point in it."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.names = {key: f"s{number}" for number, key in enumerate(chart.states)}

    def lines(self) -> Iterator[str]:
        yield "digraph {"
        yield "  compound=true;"
        yield f"  {label([self.chart.title])};"
        yield '  node [shape=box, style="rounded"];'
        yield from self.inside("start", self.chart.initial, self.chart.roots, "  ", "")
        for state in self.chart.states.values():
            for way in state.transitions:
                yield from self.arrows(state, way)
        yield "}"

    def inside(self, name: str, initial: Initial | None, keys: Sequence[str], pad: str, look: str) -> Iterator[str]:
        """The states in a chart or in a state, and where it begins."""
        for key in keys:
            yield from self.state(self.chart.states[key], pad, look)
        targets = [target for target in initial.targets if target in self.names] if initial else []
        if initial and targets:
            yield f"{pad}{name} [shape=point, width=0.12];"
            told = label([f"/ {action_text(action)}" for action in initial.actions])
            for target in targets:
                yield f"{pad}{name} -> {self.names[target]} [{told}{self.clipped('lhead', target, None)}];"

    def state(self, state: State, pad: str, look: str) -> Iterator[str]:
        name = self.names[state.id]
        mark = ["H*" if state.history == "deep" else "H"] if state.type == "history" else []
        lines = label([*mark, state.title, *state_lines(self.chart, state)])
        if not state.children:
            yield f"{pad}{name} [{', '.join(text for text in (lines, LOOKS.get(state.type, '')) if text)}];"
            return
        yield f"{pad}subgraph cluster_{name} {{"
        yield f"{pad}  {lines};"
        yield f'{pad}  style="{look or "rounded"}";'
        yield f'{pad}  {name} [shape=point, style=invis, label=""];'
        inner = "dashed" if state.type == "parallel" else ""
        yield from self.inside(f"start_{name}", state.initial, state.children, f"{pad}  ", inner)
        yield f"{pad}}}"

    def arrows(self, state: State, way: Transition) -> Iterator[str]:
        told = label(way_lines(state, way))
        for target in aims(self.chart, way):
            ends = self.clipped("ltail", state.id, target) + self.clipped("lhead", target, state.id)
            yield f"  {self.names[state.id]} -> {self.names[target]} [{told}{ends}];"

    def clipped(self, end: str, key: str, other: str | None) -> str:
        """Let an arrow end at the border of a cluster, unless its other end lies in it."""
        if not self.chart.states[key].children or self.holds(key, other):
            return ""
        return f", {end}=cluster_{self.names[key]}"

    def holds(self, key: str, inner: str | None) -> bool:
        while inner is not None and inner != key:
            inner = self.chart.states[inner].parent
        return inner is not None
