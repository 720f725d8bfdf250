"""Every place of a chart that holds actions or expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrator.statechart.definition import (
    JSON,
    Action,
    Activity,
    Assign,
    Cancel,
    Chart,
    Choose,
    Emit,
    ForEach,
    Initial,
    Log,
    Raise,
    Send,
    State,
    Transition,
)


class Block(NamedTuple):
    """The actions at one place."""

    ref: str
    field: str
    actions: tuple[Action, ...]


class Found(NamedTuple):
    """A text of the chart: where it stands and what it is; `sets` is the context path that receives its value.

    `kind` is `guard`, `list`, `expression` or `template`; `local` are variables that only this place has.
    """

    ref: str
    field: str
    text: str
    kind: str
    local: tuple[str, ...] = ()
    sets: str = ""


def blocks(chart: Chart) -> tuple[Block, ...]:
    """All places that have actions, in document order, gathered once for all checks."""
    found = chart.derived.get("blocks")
    if not isinstance(found, tuple):
        every = (block for state in chart.states.values() for block in state_blocks(state))
        found = chart.derived["blocks"] = (*_initial("", chart.initial), *every)
    return found


def state_blocks(state: State) -> Iterator[Block]:
    if state.entry:
        yield Block(state.id, "entry", state.entry)
    if state.exit:
        yield Block(state.id, "exit", state.exit)
    yield from _initial(state.id, state.initial)
    for transition in state.transitions:
        if transition.actions:
            yield Block(transition.ref, "actions", transition.actions)
    for activity in state.activities:
        if activity.finalize:
            yield Block(activity.ref, "finalize", activity.finalize)


def _initial(ref: str, initial: Initial | None) -> Iterator[Block]:
    if initial is not None and initial.actions:
        yield Block(ref, "initial", initial.actions)


def flat(actions: Iterable[Action]) -> Iterator[Action]:
    """Actions with those inside of `choose` and `forEach`, each before what it holds."""
    for action in actions:
        yield action
        match action:
            case Choose(branches=branches):
                for branch in branches:
                    yield from flat(branch.actions)
            case ForEach(actions=inner):
                yield from flat(inner)


def by_person(state: State, way: Transition) -> bool:
    """Whether this way out of a state opens when a person answers or rejects a task."""
    return any(activity.kind == "human" and way.ref.startswith(f"{activity.ref}/") for activity in state.activities)


def texts(chart: Chart) -> tuple[Found, ...]:
    """Every text that holds expressions, in document order, gathered once for all checks."""
    found = chart.derived.get("texts")
    if not isinstance(found, tuple):
        found = chart.derived["texts"] = tuple(_texts(chart))
    return found


def _texts(chart: Chart) -> Iterator[Found]:
    yield from _templates("", "context", dict(chart.context))
    for block in _initial("", chart.initial):
        yield from _block(block)
    for state in chart.states.values():
        yield from _state(state)


def _state(state: State) -> Iterator[Found]:
    yield from _templates(state.id, "context", dict(state.context))
    yield from _templates(state.id, "output", state.output)
    if state.expected_within:
        yield Found(state.id, "expectedWithin", state.expected_within, "template")
    for transition in state.transitions:
        yield from _transition(transition)
    for activity in state.activities:
        yield from _activity(activity)
    for block in state_blocks(state):
        yield from _block(block)


def _transition(transition: Transition) -> Iterator[Found]:
    if transition.guard is not None:
        yield Found(transition.ref, "guard", transition.guard, "guard")
    if transition.delay is not None:
        yield Found(transition.ref, "delay", transition.delay, "template")


def _activity(activity: Activity) -> Iterator[Found]:
    local: tuple[str, ...] = ()
    if activity.map is not None:
        yield Found(activity.ref, "map", activity.map.items, "list")
        local = ("item", "index")
    yield from _templates(activity.ref, "input", dict(activity.input), local)
    yield from _templates(activity.ref, "timeout", activity.timeout, local)
    yield from _templates(activity.ref, "idempotencyKey", activity.idempotency_key, local)
    if activity.compensation is not None:
        yield from _templates(activity.ref, "compensate", dict(activity.compensation.input), ("result",))
        yield from _templates(activity.ref, "compensate", activity.compensation.timeout, ("result",))


def _block(block: Block) -> Iterator[Found]:
    for action in flat(block.actions):
        yield from _action(block.ref, block.field, action)


def _action(ref: str, field: str, action: Action) -> Iterator[Found]:
    match action:
        case Assign(to=to, expr=expr):
            yield Found(ref, field, expr, "expression", sets=to.removeprefix("context."))
        case Log(expr=expr):
            yield Found(ref, field, expr, "expression")
        case Raise(event=event, data=data):
            yield from _templates(ref, field, [event, data])
        case Send(event=event, data=data, delay=delay, id=name, target=target):
            yield from _templates(ref, field, [event, data, delay, name, target])
        case Emit(event=event, topic=topic, data=data, key=key):
            yield from _templates(ref, field, [event, topic, data, key])
        case Cancel(send_id=send_id):
            yield from _templates(ref, field, send_id)
        case Choose(branches=branches):
            yield from (Found(ref, field, branch.guard, "guard") for branch in branches if branch.guard is not None)
        case ForEach(items=items):
            yield Found(ref, field, items, "list")


def _templates(ref: str, field: str, value: JSON, local: tuple[str, ...] = ()) -> Iterator[Found]:
    """The texts with `${` within a JSON value."""
    if isinstance(value, str):
        if "${" in value:
            yield Found(ref, field, value, "template", local)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _templates(ref, field, inner, local)
    elif isinstance(value, list):
        for inner in value:
            yield from _templates(ref, field, inner, local)
