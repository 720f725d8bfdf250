"""A chart of every construct whose every text is the same, and a check that no text was forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from orchestrator.diagrams.render import Overlay, render_svg
from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Block,
    Branch,
    Cancel,
    Chart,
    Choose,
    Compensate,
    Compensation,
    Emit,
    FanOut,
    ForEach,
    Initial,
    Log,
    Raise,
    Retry,
    Send,
    Silence,
    State,
    Task,
    Transition,
)

FLAT = {"title", "owner", "description"}


def hostile(text: str, inner: bool = True) -> Chart:
    """The text in every field that people fill in, ids included; `inner` charts hold no further chart."""
    states = {state.id: state for state in _states(text, inner)}
    return Chart(
        text,
        text,
        Initial((_key(text, "a"),), _actions(text)),
        states,
        tuple(state.id for state in states.values() if state.parent is None),
        context={text: text},
        context_schema={text: {"description": text}},
        owner=text,
        silenced=(Silence(text, text, text),),
        description=text,
        meta={text: text},
    )


def _key(text: str, letter: str) -> str:
    return f"{letter}{text}"


def _actions(text: str) -> tuple[Action, ...]:
    plain: tuple[Action, ...] = (
        Assign(text, text),
        Raise(text, {text: text}),
        Send(text, {text: [text]}, text, text, text, text),
        Emit(text, text, {text: text}, text),
        Cancel(text),
        Log(text, text),
        Compensate(),
    )
    choose = Choose((Branch(text, plain[:2]), Branch(text), Branch(None, plain[2:4])))
    return (Block((choose,)), choose, *plain, ForEach(text, text, text, plain[3:5]))


def _activities(text: str, inner: bool) -> tuple[Activity, ...]:
    retry = Retry(3, text, 2.0, text, True, (text,))
    undo = Compensation(text, text, {text: text}, text, retry)
    texts = {"id": text, "kind": text, "title": text, "input": {text: text}, "result": text, "timeout": text}
    more = {"idempotency_key": text, "map": FanOut(text), "finalize": _actions(text)[2:5], "id_to": text}
    made = Activity(f"{_key(text, 'a')}/invoke/0", **texts, retry=retry, compensation=undo, **more)  # type: ignore[arg-type]
    child = hostile(text, inner=False) if inner else None
    return made, replace(made, ref=f"{_key(text, 'a')}/invoke/1", chart=child, on_failure="escalate")


def _ways(text: str, letter: str) -> tuple[Transition, ...]:
    """A way of each kind from one state to others, to several, and to none."""
    source, actions = _key(text, letter), _actions(text)
    to = {name: (_key(text, name),) for name in "abch"}
    shared: dict[str, Any] = {"guard": text, "meta": {text: text}}
    return (
        Transition(f"{source}/on/0", source, "on", (text, f"{text}.*"), to["b"], actions=actions, **shared),
        Transition(f"{source}/on/1", source, "on", (text,), (), actions=actions[:3], **shared),
        Transition(f"{source}/on/2", source, "on", (text,), (*to["b"], *to["c"]), actions=actions[5:8], **shared),
        Transition(f"{source}/after/0", source, "after", (f"after.{text}",), to["c"], delay=text, **shared),
        Transition(f"{source}/always/0", source, "always", (), to["h"], actions=actions[7:], **shared),
        Transition(f"{source}/onDone/0", source, "done", (text,), to["b"]),
        Transition(f"{source}/invoke/0/onDone/0", source, "activity-done", (text,), to["c"], guard=text),
        Transition(f"{source}/invoke/1/onFailure", source, "activity-error", (text,), to["b"]),
    )


def _states(text: str, inner: bool) -> Iterator[State]:
    """An atomic state, a box with history and end, a parallel state and one made of tasks."""

    def state(letter: str, kind: Any, **more: Any) -> State:
        told = dict.fromkeys(FLAT, text) | {"context": {text: text}, "meta": {text: text}, "expected_within": text}
        return State(_key(text, letter), kind, **{**told, **more})

    b, c, p, t = (_key(text, letter) for letter in "bcpt")
    done = _actions(text)
    yield state("a", "atomic", entry=done, exit=done, transitions=_ways(text, "a"), activities=_activities(text, inner))
    begin = Initial((c,), done)
    yield state("b", "compound", initial=begin, children=(c, _key(text, "h")), transitions=_ways(text, "b")[:2])
    yield state("c", "final", parent=b, output={text: text})
    default = Transition(f"{_key(text, 'h')}/on/0", _key(text, "h"), "on", (), (c,), actions=done)
    yield state("h", "history", parent=b, history="deep", transitions=(default,))
    yield state("p", "parallel", children=(_key(text, "q"), _key(text, "r")), transitions=_ways(text, "p")[1:2])
    yield state("q", "atomic", parent=p, activities=_activities(text, inner)[:1])
    yield state("r", "compound", parent=p, children=(_key(text, "s"),), initial=Initial((_key(text, "s"),)))
    yield state("s", "final", parent=_key(text, "r"), output=text)
    tasks = Task(text), Task(f"{text}2", (text,))
    regions = tuple(f"{t}.{task.name}" for task in tasks)
    yield state("t", "parallel", children=regions, tasks=tasks)
    for region in regions:
        running = f"{region}.running"
        yield State(region, "compound", text, t, (running,), Initial((running,)))
        yield State(running, "atomic", text, region, activities=_activities(text, inner)[:1])


def laid_over(text: str) -> Overlay:
    """The text as every key, class and badge."""
    return Overlay(
        classes={f"a{text}": "is-compensated", f"b{text}": text, text: text},
        badges={f"a{text}": ((text, text),), f"b{text}/on/0": (("", text),), text: (("bad", text),)},
        quiet=text,
    )


@cache
def drawn(text: str) -> str:
    """The full drawing of the hostile chart, which several tests look at."""
    return render_svg(hostile(text), laid_over(text), title=text)


def holders(value: object, text: str) -> Iterator[tuple[str, str]]:
    """Class and field of each text of a chart which holds this one."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            part = getattr(value, field.name)
            if _holds(part, text):
                yield type(value).__name__, field.name
            yield from holders(part, text)
    elif isinstance(value, Mapping):
        yield from (pair for part in value.values() for pair in holders(part, text))
    elif isinstance(value, list | tuple):
        yield from (pair for part in value for pair in holders(part, text))


def _holds(part: object, text: str) -> bool:
    if isinstance(part, str):
        return text in part
    if isinstance(part, Mapping):
        return any(text in str(key) for key in part)
    return isinstance(part, tuple) and any(isinstance(one, str) and text in one for one in part)
