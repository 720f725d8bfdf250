"""Random charts that make sense, and random walks through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, count, pairwise, product
from random import Random
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from orchestrator.statechart.effects import StartActivity
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.steps import Environment, LoopError, Step
from tests.statechart.support import Document, Driver, assign, call, document, undo

T = TypeVar("T")
EVENTS = ("a", "b", "a.b", "c")
DESCRIPTORS = (*EVENTS, "a", "a", "b", "*", "error.execution", "done.compensate", "done.state", "r", "error.invoke")
GUARDS = ("", "", "context.n % 2 == 0", "context.n > 3", "event.v > 1", "context.missing", "true", "false")
POLICIES = ("fail", "skip", "compensate", "escalate", "catch")
DELAYS = ("PT1H", "PT2H", "${context.n}", "${context.missing}")
UNDO: Document = {"type": "compensate"}
ACTIONS: tuple[Document, ...] = (
    assign("n", "context.n + 1"),
    assign("n", "0"),
    assign("seen", "event"),
    assign("n", "context.missing"),
    {"type": "raise", "event": "r", "data": {"v": "${context.n}"}},
    {"type": "send", "event": "c", "delay": "PT1H", "id": "later"},
    {"type": "send", "event": "b", "data": {"v": 2}},
    {"type": "emit", "event": "told", "topic": "news", "data": {"v": "${context.n}"}},
    {"type": "cancel", "id": "later"},
    {"type": "log", "expr": "context.n"},
)
BLOCKS: list[list[Document]] = [[], [], *([action] for action in ACTIONS), *map(list, pairwise(ACTIONS))]
KINDS = ("atomic", "atomic", "compound", "parallel")
Targets = list[list[str]]


class Choose(Protocol):
    """Picks one of several: Hypothesis does so and can make the chart smaller, or a random number generator, which is
    quick and so goes further."""

    def __call__(self, options: Sequence[T], /) -> T: ...


def _tree(choose: Choose, depth: int, kinds: tuple[str, ...]) -> Document:
    """A state with what it holds; keys are given afterwards."""
    kind = choose(kinds) if depth else "atomic"
    if kind not in ("compound", "parallel"):
        return {"type": kind, "inside": []}
    allowed = (*KINDS, "final") if kind == "compound" else KINDS
    inside = [_tree(choose, depth - 1, allowed) for _ in range(choose((1, 2, 3)))]
    if choose((False, False, True)):
        inside.append({"type": "history", "history": choose(("shallow", "deep")), "inside": []})
    return {"type": kind, "inside": inside}


def _named(trees: list[Document], counter: Iterator[int]) -> Document:
    """The trees as states of a document, named in document order."""
    states = {}
    for tree in trees:
        key = f"s{next(counter)}"
        inner = _named(tree.pop("inside"), counter)
        states[key] = {**tree, **({"states": inner} if inner else {})}
    return states


def _all(states: Document) -> list[tuple[str, Document]]:
    return [pair for key, state in states.items() for pair in [(key, state), *_all(state.get("states", {}))]]


def _targets(states: Document) -> Targets:
    """None, every single state, and every two states which lie in different regions of one parallel state."""
    pairs = _all(states)
    found: Targets = [[], *([key] for key, _ in pairs)]
    for _, state in pairs:
        if state["type"] == "parallel":
            real = [(key, held) for key, held in state["states"].items() if held["type"] != "history"]
            regions = [[key, *_keys(held)] for key, held in real]
            found += [list(pair) for one, other in combinations(regions, 2) for pair in product(one, other)]
    return found


def _keys(state: Document, real: bool = False) -> list[str]:
    """All states inside; `real` leaves history states out."""
    return [key for key, held in _all(state.get("states", {})) if not real or held["type"] != "history"]


def _way(choose: Choose, targets: Targets, **more: object) -> Document:
    guard = choose(GUARDS)
    way = {**more, "target": choose(targets), "actions": choose(BLOCKS), "internal": choose((False, True))}
    return {**way, "guard": guard} if guard else way


def _ways(choose: Choose, targets: Targets) -> list[Document]:
    return [_way(choose, targets) for _ in range(choose((0, 1, 2)))]


def _furnish(choose: Choose, key: str, state: Document, targets: Targets) -> None:
    """Give a state its initial one, its actions, its ways out and its activities."""
    if state["type"] == "history":
        return
    for held in state.get("states", {}).values():
        if held["type"] == "history" and choose((False, True)):
            held["always"] = [{"target": choose(_keys(state, real=True)), "actions": choose(BLOCKS)}]
    if state["type"] == "compound":
        state["initial"] = choose(list(state["states"]))
    state |= {"entry": choose(BLOCKS), "exit": choose(BLOCKS)}
    if state["type"] != "final":
        _lead_on(choose, key, state, targets)


def _lead_on(choose: Choose, key: str, state: Document, targets: Targets) -> None:
    state["on"] = [_way(choose, targets, event=choose(DESCRIPTORS)) for _ in range(choose((0, 1, 2, 3)))]
    feature = choose(("", "always", "after", "undo", "onDone"))
    if feature == "always":
        state["always"] = [{"guard": "context.n == 2 || context.missing", "target": choose(targets[1:])}]
    if feature == "after":
        timeouts = [_way(choose, targets, delay=choose(DELAYS)) for _ in range(2)]
        state["after"] = [way for way in timeouts if way["target"] or way["actions"]]
        state["expectedWithin"] = choose(DELAYS)
    if feature == "undo":
        state["on"] += [{"event": "c", "actions": [UNDO]}, {"event": "done.compensate", "target": choose(targets)}]
    if feature == "onDone":
        state["onDone"] = _ways(choose, targets)
    if choose((False, True)):
        state["invoke"] = [_activity(choose, f"do_{key}", targets)]


def _activity(choose: Choose, name: str, targets: Targets) -> Document:
    """Half of them can be undone; some cannot be started."""
    policy: Document = {"policy": choose(POLICIES)}
    if policy["policy"] == "catch":
        policy["target"] = choose(targets[1:])
    asked = {"callable": name, "n": choose(("${context.n}", "${context.seen}", "1"))}
    undone = {"callable": f"undo_{name}", "of": choose(("${result}", "${context.seen}"))}
    more = {"compensate": undo(name, input=undone)} if choose((False, True)) else {}
    return call(name, input=asked, onFailure=policy, result="kept", onDone=_ways(choose, targets), **more)


def made_by(choose: Choose) -> Document:
    """A document without errors."""
    trees = [_tree(choose, 3, ("compound", "parallel", "atomic")) for _ in range(choose((1, 2, 3)))]
    states = _named([*trees, {"type": "final", "inside": []}], count())
    targets = _targets(states)
    for key, state in _all(states):
        _furnish(choose, key, state, targets)
    return document(states, context={"n": 0})


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Documents which Hypothesis makes small when something is wrong with them."""
    return made_by(lambda options: draw(st.sampled_from(options)))


STEPS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 7), st.integers(0, 3)), max_size=12)


def random_course(seed: int, length: int) -> tuple[Document, list[tuple[int, int, int]]]:
    """A document and a long walk."""
    numbers = Random(seed)
    made = made_by(numbers.choice)
    return made, [(numbers.randrange(12), numbers.randrange(8), numbers.randrange(4)) for _ in range(length)]


class Walk(Driver):
    """Takes numbers for what happens next: each stands for an event, a timer, an answer or a command.

    `before` is the snapshot before the last step; `completed` and `undone` are the invocations of activities with a
    compensation that ended well, and of those which were undone.
    """

    environment = Environment(instance_id=7, instance_key="SO-7", max_microsteps=60)

    def __init__(self, made: Document) -> None:
        self.completed: list[str] = []
        self.undone: list[str] = []
        super().__init__(made["states"], initial=made["initial"], context=made["context"])

    def go(self, kind: int, index: int, value: int) -> None:
        """One step; commands are given as the runtime does, to what has not ended. Raises LoopError."""
        if (kind, value) == (11, 3) and index == 7 and self.status not in FINISHED:
            self.cancel()
        elif kind >= 10 and self.status == "failed":
            self.resume()
        elif kind >= 8 and self.timers:
            self._fire(sorted(self.timers)[index % len(self.timers)])
        elif kind >= 4 and self.activities:
            self._answer(list(self.activities.values())[index % len(self.activities)], value)
        else:
            self.send(EVENTS[index % len(EVENTS)], v=value)

    def _take(self, step: Step) -> Walk:
        self.before = self.step.snapshot if hasattr(self, "step") else Snapshot()
        super()._take(step)
        return self

    def _fire(self, name: str) -> None:
        timer = self.timers.pop(name)
        self.now = max(self.now, timer.due)
        self.take_in(timer.event, timer.data)

    def _answer(self, run: StartActivity, value: int) -> None:
        if value == 0:
            self.end(run, "error", {"error": {"class": "E", "message": "m"}})
            return
        self.end(run, "done", {"result": {"v": value}})
        if run.compensates:
            self.undone.append(run.compensates)
        elif self.chart.states[run.state].activities[0].compensation:
            self.completed.append(run.invocation)


def walked(
    made: Document, steps: Iterable[tuple[int, int, int]], check: Callable[[Walk], object], kind: type[Walk] = Walk
) -> Walk | None:
    """Walk through a chart and look at every step; None when the chart goes round without end."""
    try:
        walk = kind(made)
        check(walk)
        for step in steps:
            walk.go(*step)
            check(walk)
    except LoopError:
        return None
    return walk
