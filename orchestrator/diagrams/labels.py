"""What each thing in the picture says, as lines of text with a class and an icon."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.diagrams.measure import EVENT, MARK, WIDEST_TEXT, fit, wrap
from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Cancel,
    Choose,
    Compensate,
    ForEach,
    Log,
    Raise,
    Send,
    State,
    Transition,
)
from orchestrator.statechart.durations import humanise, parse_duration

LABEL_WIDTH, EVENT_WIDTH, MARK_WIDTH = 150, 210, 230  # px
MOST_ACTIONS, MOST_MARKS = 4, 8
LONGEST_NAME = 1_000  # characters of a tooltip


class Line(NamedTuple):
    css: str
    icon: str | None
    text: str


def duration(text: str) -> str:
    """`PT48H` as people say it; what is computed at run time stays as written."""
    try:
        return humanise(parse_duration(text))
    except ValueError:
        return text


def action_text(action: Action) -> str:
    """One action in a few words."""
    match action:
        case Assign(to=to, expr=expr):
            return f"{to} = {expr}"
        case Raise(event=event):
            return f"raise {event}"
        case Send(event=event, delay=delay):
            return f"send {event} after {duration(delay)}" if delay else f"send {event}"
        case Cancel(send_id=send_id):
            return f"cancel {send_id}"
        case Log():
            return "log"
        case Compensate():
            return "compensate"
        case Choose():
            return "choose"
        case ForEach(item=item, items=items):
            return f"for each {item} of {items}"


def _activity(transition: Transition, state: State) -> str:
    """The title of the activity whose result this is, when the state has more than one."""
    if len(state.activities) < 2:
        return ""
    owner = transition.ref.rsplit("/on", 1)[0]
    return next((a.title for a in state.activities if a.ref == owner), "")


def trigger(transition: Transition, state: State) -> Line:
    """What takes the transition."""
    match transition.kind:
        case "after":
            return Line("sb-ev sb-after", "clock", f"after {duration(transition.delay or '')}")
        case "activity-error":
            named = _activity(transition, state)
            return Line("sb-ev sb-err", "bolt", f"{named} failed" if named else "failed")
        case "done" | "activity-done":
            named = _activity(transition, state)
            return Line("sb-ev sb-done", "check", f"{named} done" if named else "done")
        case _ if transition.events:
            return Line("sb-ev", None, ", ".join(transition.events[:20]))
        case _:
            return Line("sb-ev sb-done", None, "always")


def _action_lines(actions: tuple[Action, ...]) -> list[Line]:
    shown = actions if len(actions) <= MOST_ACTIONS else actions[: MOST_ACTIONS - 1]
    icons = ["undo" if isinstance(action, Compensate) else None for action in shown]
    texts = [fit(f"/ {action_text(action)}", MARK, LABEL_WIDTH) for action in shown]
    lines = [Line("sb-ac", icon, text) for icon, text in zip(icons, texts, strict=True)]
    if len(shown) < len(actions):
        lines.append(Line("sb-ac", None, f"/ {len(actions) - len(shown)} more"))
    return lines


def transition_lines(transition: Transition, state: State, brief: bool) -> tuple[Line, ...]:
    """The label: trigger, guard, actions; `brief` keeps the trigger alone. A history state's default says nothing."""
    if state.type == "history":
        return ()
    css, icon, text = trigger(transition, state)
    lines = [Line(css, icon, fit(text, EVENT, EVENT_WIDTH))]
    guard = [Line("sb-gd", None, line) for line in wrap(f"[{transition.guard}]", MARK, LABEL_WIDTH)]
    if transition.kind == "always" and transition.guard:
        lines, guard = guard, []
    if brief:
        return tuple(lines[:1])
    if transition.guard:
        lines += guard
    return (*lines, *_action_lines(transition.actions))


def transition_name(transition: Transition, state: State, target: str) -> str:
    """The whole label without cuts, for the tooltip and for screen readers; `target` is a title."""
    words = [trigger(transition, state).text]
    words += [f"[{transition.guard}]"] if transition.guard else []
    words += [f"/ {action_text(action)}" for action in transition.actions[:20]]
    return f"{' '.join(words)}: {state.title} to {target}"[:LONGEST_NAME]


def _activity_marks(activity: Activity) -> list[Line]:
    attempts = activity.retry.max_attempts
    icon, css = ("hand", "sb-act") if activity.kind == "human" else ("gear", "sb-act")
    times = f" ×{attempts}" if attempts > 1 else ""
    marks = [Line(css, icon, fit(activity.title, MARK, MARK_WIDTH) + times)]
    if activity.compensation:
        marks.append(Line("sb-undo", "undo", fit(activity.compensation.title, MARK, MARK_WIDTH)))
    return marks


def state_marks(state: State) -> tuple[Line, ...]:
    """The rows under a title: activities, what undoes them, and the time expected."""
    marks = [mark for activity in state.activities[:MOST_MARKS] for mark in _activity_marks(activity)]
    if len(marks) > MOST_MARKS:
        marks = [*marks[: MOST_MARKS - 1], Line("sb-act", "gear", f"{len(state.activities)} activities in all")]
    if state.expected_within:
        text = fit(f"expected within {duration(state.expected_within)}", MARK, MARK_WIDTH)
        marks.append(Line("sb-exp", "hourglass", text))
    return tuple(marks)


def state_name(state: State, kind: str) -> str:
    """Title, type and marks, for the tooltip and for screen readers."""
    marks = [mark.text for mark in state_marks(state)]
    return ", ".join([state.title[:WIDEST_TEXT], f"{kind} state", *marks])[:LONGEST_NAME]
