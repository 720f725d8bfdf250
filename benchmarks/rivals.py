"""The same charts in the core and in two well-known Python libraries, in one run.

Each machine takes the same events; what it costs to build it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from statemachine import State, StateChart
from transitions import Machine
from transitions.extensions.nesting import HierarchicalMachine

from benchmarks.core import ENVIRONMENT, NOW, ring
from benchmarks.measure import Figure, rate
from orchestrator.statechart.document import parse
from orchestrator.statechart.transition import Event, start, transition

EVENTS = 3_000
FLAT = tuple(f"s{n}" for n in range(10))
COURSES = {"hierarchical": ("inner", "inner", "across", "back"), "parallel": ("left", "right", "both", "both")}
Take = Callable[[str], object]


def figures() -> Iterator[Figure]:
    """Median rates: for each chart first ours, then the others'."""
    guard = "context.amount > 100 && event.amount < 10"
    for name, course, machines in (
        ("flat, 10 states", ("go",), {"": core(ring(10)), "transitions": flat_transitions(False), "psm": Flat()}),
        (
            "flat, 10 states, guard",
            ("go",),
            {"": core(ring(10, guard)), "transitions": flat_transitions(True), "psm": GuardedFlat()},
        ),
        (
            "hierarchical",
            COURSES["hierarchical"],
            {"": core(HIERARCHICAL), "transitions": nested_transitions(), "psm": Hierarchical()},
        ),
        (
            "parallel",
            COURSES["parallel"],
            {"": core(PARALLEL), "transitions": parallel_transitions(), "psm": Parallel()},
        ),
    ):
        yield from _compared(name, course, machines)


def _compared(name: str, course: tuple[str, ...], machines: dict[str, Any]) -> Iterator[Figure]:
    for whose, machine in machines.items():
        title = {"": "Signalbox", "psm": "python-statemachine"}.get(whose, whose)
        yield rate(f"{name}: {title}", partial(_played, _taker(machine), course))


def _taker(machine: Any) -> Take:
    if isinstance(machine, StateChart):
        return lambda event: machine.send(event, amount=5)
    return machine if callable(machine) else lambda event: machine.trigger(event, 5)


def _played(take: Take, course: tuple[str, ...]) -> int:
    for at in range(EVENTS):
        take(course[at % len(course)])
    return EVENTS


def core(document: dict[str, Any]) -> Take:
    """Our own machine, which keeps its snapshot as the others keep theirs."""
    chart = parse(document)
    snapshot = start(chart, {}, NOW, ENVIRONMENT).snapshot

    def take(event: str) -> None:
        nonlocal snapshot
        step = transition(chart, snapshot, Event(event, {"amount": 5}), NOW, ENVIRONMENT)
        assert step.microsteps, f"{event} led nowhere"
        snapshot = step.snapshot

    return take


def _way(event: str, target: str) -> dict[str, str]:
    return {"event": event, "target": target}


HIERARCHICAL = {
    "signalbox": 1,
    "id": "hierarchical",
    "initial": "a",
    "states": {
        "a": {
            "initial": "b",
            "on": [_way("across", "z")],
            "states": {
                "b": {
                    "initial": "c",
                    "states": {"c": {"on": [_way("inner", "d")]}, "d": {"on": [_way("inner", "c")]}},
                }
            },
        },
        "z": {"on": [_way("back", "a")]},
    },
}
PARALLEL = {
    "signalbox": 1,
    "id": "parallel",
    "initial": "p",
    "states": {
        "p": {
            "type": "parallel",
            "states": {
                side: {
                    "initial": f"{side}1",
                    "states": {
                        f"{side}1": {"on": [_way(event, f"{side}2"), _way("both", f"{side}2")]},
                        f"{side}2": {"on": [_way(event, f"{side}1"), _way("both", f"{side}1")]},
                    },
                }
                for side, event in (("l", "left"), ("r", "right"))
            },
        }
    },
}


class Model:
    """What `transitions` keeps beside the state."""

    amount = 200
    trigger: Callable[..., bool]

    def is_due(self, amount: int) -> bool:
        return self.amount > 100 and amount < 10


def flat_transitions(guarded: bool) -> Model:
    model = Model()
    machine = Machine(model, states=list(FLAT), initial=FLAT[0], auto_transitions=False)
    for at, name in enumerate(FLAT):
        ways: dict[str, Any] = {"conditions": ["is_due"]} if guarded else {}
        machine.add_transition("go", name, FLAT[(at + 1) % len(FLAT)], **ways)
    return model


def nested_transitions() -> Model:
    model = Model()
    inner = {"name": "b", "initial": "c", "children": ["c", "d"]}
    states = [{"name": "a", "initial": "b", "children": [inner]}, "z"]
    ways = [["inner", "a_b_c", "a_b_d"], ["inner", "a_b_d", "a_b_c"], ["across", "a", "z"], ["back", "z", "a"]]
    HierarchicalMachine(model, states=states, transitions=ways, initial="a", auto_transitions=False)
    return model


def parallel_transitions() -> Model:
    model = Model()
    regions = [{"name": side, "initial": "1", "children": ["1", "2"]} for side in ("l", "r")]
    ways = []
    for side, event in (("l", "left"), ("r", "right")):
        for trigger in (event, "both"):
            ways += [[trigger, f"p_{side}_1", f"p_{side}_2"], [trigger, f"p_{side}_2", f"p_{side}_1"]]
    states = [{"name": "p", "parallel": regions}]
    HierarchicalMachine(model, states=states, transitions=ways, initial="p", auto_transitions=False)
    return model


def _ring(guard: str | None) -> dict[str, Any]:
    states = {name: State(initial=name == "s0") for name in FLAT}
    steps = [states[name].to(states[FLAT[(at + 1) % len(FLAT)]], cond=guard) for at, name in enumerate(FLAT)]
    go = steps[0]
    for step in steps[1:]:
        go |= step
    return {**states, "go": go}


Flat = type("Flat", (StateChart,), _ring(None))
GuardedFlat = type("GuardedFlat", (StateChart,), {**_ring("is_due"), "amount": 200, "is_due": Model.is_due})


class Hierarchical(StateChart[Any]):
    class a(State.Compound):
        class b(State.Compound):
            c = State(initial=True)
            d = State()
            inner = c.to(d) | d.to(c)

    z = State()
    across = a.to(z)
    back = z.to(a)


class Parallel(StateChart[Any]):
    class p(State.Parallel):
        class l(State.Compound):  # noqa: E742
            l1 = State(initial=True)
            l2 = State()
            left = l1.to(l2) | l2.to(l1)
            both = l1.to(l2) | l2.to(l1)

        class r(State.Compound):
            r1 = State(initial=True)
            r2 = State()
            right = r1.to(r2) | r2.to(r1)
            both = r1.to(r2) | r2.to(r1)
