"""Where an instance may go from a state: a graph whose nodes are `enter state` and `be in state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from orchestrator.statechart.definition import Activity, Chart, Transition
from orchestrator.statechart.select import history_default
from orchestrator.statechart.structure import Structure, structure_of

Node = tuple[str, bool]  # a state, and whether it is being entered (by default) rather than active
Graph = Mapping[Node, tuple[Node, ...]]


def graph(structure: Structure, ways: Callable[[Transition], bool]) -> Graph:
    """The graph of these transitions; from an active state also what its ancestors do is possible."""
    chart = structure.chart
    found: dict[Node, tuple[Node, ...]] = {}
    for key, state in chart.states.items():
        targets = [target for way in state.transitions if ways(way) for target in way.targets]
        above = [(state.parent, False)] if state.parent else []
        reached = [node for target in targets if target in chart.states for node in _aimed(structure, target)]
        found[key, False] = (*above, *reached)
        found[key, True] = ((key, False), *((inner, True) for inner in _inside(structure, key)))
    return found


def _aimed(structure: Structure, target: str) -> Iterator[Node]:
    """A target is entered by default; of its ancestors the other regions are."""
    yield target, True
    line = (target, *structure.ancestors[target])
    for inner, outer in pairwise(line):
        if structure.chart.states[outer].type == "parallel":
            yield from ((child, True) for child in structure.children[outer] if child != inner)


def _inside(structure: Structure, key: str) -> Iterable[str]:
    state = structure.chart.states[key]
    if state.type == "history":
        return history_default(structure, key)
    if state.type == "parallel":
        return structure.children[key]
    return structure.initial_of(state) if state.type == "compound" else ()


def reach(graph: Graph, starts: Iterable[Node]) -> set[Node]:
    """All nodes that can be reached, with those where it starts."""
    found: set[Node] = set()
    waiting = [node for node in starts if node in graph]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(graph[node])
    return found


def circles(graph: Graph) -> dict[Node, int]:
    """The strongly connected component of each node (Kosaraju, without recursion)."""
    order: list[Node] = []
    seen: set[Node] = set()
    for start in graph:
        stack = [(start, iter(graph[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            node, rest = stack[-1]
            following = next((other for other in rest if other not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(graph[following])))
    back = turned(graph)
    component: dict[Node, int] = {}
    for number, start in enumerate(reversed(order)):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in component:
                component[node] = number
                waiting.extend(other for other in back[node] if other not in component)
    return component


def turned(graph: Graph) -> Graph:
    """The graph with every way the other way round."""
    back: dict[Node, list[Node]] = {node: [] for node in graph}
    for node, targets in graph.items():
        for target in targets:
            back[target].append(node)
    return {node: tuple(sources) for node, sources in back.items()}


@dataclass(frozen=True, slots=True)
class Flow:
    """All ways of a chart; `again` are the components of its circles."""

    structure: Structure
    graph: Graph
    again: Mapping[Node, int] = field(default_factory=dict)

    def leading_to(self, states: Iterable[str]) -> frozenset[str]:
        """The states from which one of these can be reached, or be active."""
        ends = [(key, False) for key in states]
        return frozenset(key for key, _ in reach(turned(self.graph), ends))

    def after_done(self, activity: Activity) -> frozenset[str]:
        """Where an instance may be once the activity is done."""
        event = f"done.invoke.{activity.id}"
        key = activity.ref.split("/", 1)[0]
        ways = self.structure.chart.states[key].transitions
        ended = [target for way in ways if event in way.events for target in way.targets]
        sure = any(event in way.events and way.guard is None and way.targets for way in ways)
        return frozenset(ended if sure else [*ended, key])

    def comes_again(self, key: str) -> bool:
        """Whether the state can be entered a second time."""
        return self.again[key, True] == self.again[key, False]


def flow_of(chart: Chart) -> Flow:
    """The flow of a chart by all its transitions."""
    structure = structure_of(chart)
    made = graph(structure, lambda way: True)
    return Flow(structure, made, circles(made))
