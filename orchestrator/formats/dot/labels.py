"""What the parts of a chart say in a picture, in the words of UML: `event [guard] / action`."""

from __future__ import annotations

import json

from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Block,
    Cancel,
    Chart,
    Choose,
    Compensate,
    Emit,
    ForEach,
    Log,
    Raise,
    Send,
    State,
    Transition,
)


def state_lines(chart: Chart, state: State) -> list[str]:
    """The lines under the title: what is done on entry, inside and on exit, and what is answered without leaving."""
    lines = [f"entry / {action_text(action)}" for action in state.entry]
    lines += [f"do / {activity.title} ({activity.kind})" for activity in state.activities]
    lines += [f"exit / {action_text(action)}" for action in state.exit]
    lines += [f"expected within {state.expected_within}"] if state.expected_within else []
    stays = (" ".join(way_lines(state, way)) for way in state.transitions if not aims(chart, way))
    return lines + [line for line in stays if line]


def aims(chart: Chart, way: Transition) -> list[str]:
    """The states to which an arrow can be drawn."""
    return [target for target in way.targets if target in chart.states]


def way_lines(state: State, way: Transition) -> list[str]:
    """Trigger, guard and actions of a transition; a plain default of a history state says nothing."""
    guard = [f"[{way.guard}]"] if way.guard is not None else []
    head = [] if state.type == "history" else [_trigger(state, way)]
    return [*head, *guard, *(f"/ {action_text(action)}" for action in way.actions)]


def _trigger(state: State, way: Transition) -> str:
    match way.kind:
        case "after":
            return f"after {way.delay}"
        case "activity-done" | "activity-error":
            ended = "done" if way.kind == "activity-done" else "failed"
            titles = [made.title for made in state.activities if _is_of(way, made)]
            return f"{titles[0]} {ended}" if titles and len(state.activities) > 1 else ended
        case "on":
            return ", ".join(way.events)
        case _:
            return "done" if way.kind == "done" else "always"


def _is_of(way: Transition, activity: Activity) -> bool:
    return way.ref.startswith(f"{activity.ref}/")


def action_text(action: Action) -> str:
    """The whole of one action as one line of text."""
    match action:
        case Assign(to=to, expr=expr):
            return f"{to} = {expr}"
        case Raise(event=event, data=data):
            return f"raise {event}{_data(data)}"
        case Send() | Emit():
            return _sending(action)
        case Cancel(send_id=send_id):
            return f"cancel {send_id}"
        case Log(expr=expr, label=label):
            return f"log {label}: {expr}" if label else f"log {expr}"
        case Choose(branches=branches):
            ways = [(f"if {b.guard} " if b.guard is not None else "else ") + _block(b.actions) for b in branches]
            return " else ".join(ways).replace(" else else ", " else ")
        case ForEach(items=items, item=item, index=index, actions=actions):
            names = f"{index}, {item}" if index else item
            return f"for each {names} of {items} {_block(actions)}"
        case Block(actions=actions):
            return _block(actions)
        case Compensate():
            return "compensate"


def _block(actions: tuple[Action, ...]) -> str:
    return "{" + "; ".join(action_text(action) for action in actions) + "}"


def _sending(action: Send | Emit) -> str:
    if isinstance(action, Emit):
        under = f" under {action.key}" if action.key else ""
        return f"emit {action.event}{_data(action.data)} to {action.topic}{under}"
    words = (("after", action.delay), ("to", action.target), ("as", action.id), ("kept in", action.id_to))
    return f"send {action.event}{_data(action.data)}" + "".join(f" {word} {text}" for word, text in words if text)


def _data(data: object) -> str:
    return "" if data == {} else f" {json.dumps(data, ensure_ascii=False)}"
