"""What each thing in the picture says, as lines of text with a class and an icon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.diagrams.measure import EVENT, MARK, WIDEST_TEXT, fit, wrap
from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Block,
    Cancel,
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
from orchestrator.statechart.durations import humanise, parse_duration

LABEL_WIDTH, EVENT_WIDTH, MARK_WIDTH = 150, 210, 230  # px
MOST_ACTIONS, MOST_MARKS, MOST_DONE = 4, 8, 3
MOST_SAID = 20  # actions told one by one in a tooltip
LONGEST_NAME = 1_000  # characters of a tooltip
DEEPEST = 3  # levels of actions within actions that are told
POLICIES = {"skip": "skipped if it fails", "compensate": "undone if it fails", "escalate": "escalated if it fails"}


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


def action_text(action: Action, depth: int = 0) -> str:
    """One action in a few words."""
    match action:
        case Choose():
            return _choose_text(action, depth)
        case ForEach(item=item, items=items, actions=actions):
            return f"for each {item} of {items}: {_inner(actions, depth)}"
        case Block(actions=actions):
            return _inner(actions, depth)
        case _:
            return _plain_text(action)


def _plain_text(action: Assign | Raise | Send | Emit | Cancel | Log | Compensate) -> str:
    match action:
        case Assign(to=to, expr=expr):
            return f"{to} = {expr}"
        case Raise(event=event):
            return f"raise {event}"
        case Send():
            return _send_text(action)
        case Emit(event=event, topic=topic):
            return f"emit {event} to {topic}"
        case Cancel(send_id=send_id):
            return f"cancel {send_id}"
        case Log(expr=expr, label=label):
            return f"log {label or expr}"
        case Compensate():
            return "compensate"


def _send_text(send: Send) -> str:
    to = f" to {send.target}" if send.target else ""
    after = f" after {duration(send.delay)}" if send.delay else ""
    return f"send {send.event}{to}{after}"


def _choose_text(choose: Choose, depth: int) -> str:
    parts = []
    for nth, branch in enumerate(choose.branches[:MOST_SAID]):
        word = "else" if branch.guard is None else f"if {branch.guard}" if nth == 0 else f"else if {branch.guard}"
        parts.append(f"{word}: {_inner(branch.actions, depth)}")
    return " ".join(parts) or "nothing"


def _inner(actions: tuple[Action, ...], depth: int) -> str:
    if depth >= DEEPEST:
        return "…"
    return "; ".join(action_text(action, depth + 1) for action in actions[:MOST_SAID]) or "nothing"


def undoes(actions: Iterable[Action]) -> bool:
    """Whether the actions undo what was done."""
    return any(
        isinstance(action, Compensate) or (isinstance(action, Block) and undoes(action.actions)) for action in actions
    )


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
            return Line("sb-ev", None, ", ".join(transition.events[:MOST_SAID]))
        case _:
            return Line("sb-ev sb-done", None, "always")


def action_lines(actions: tuple[Action, ...]) -> tuple[Line, ...]:
    """One line for each action of a transition, cut to its width, and few of them."""
    shown = actions if len(actions) <= MOST_ACTIONS else actions[: MOST_ACTIONS - 1]
    icons = ["undo" if isinstance(action, Compensate) else None for action in shown]
    texts = [fit(f"/ {action_text(action)}", MARK, LABEL_WIDTH) for action in shown]
    lines = [Line("sb-ac", icon, text) for icon, text in zip(icons, texts, strict=True)]
    if len(shown) < len(actions):
        lines.append(Line("sb-ac", None, f"/ {len(actions) - len(shown)} more"))
    return tuple(lines)


def transition_lines(transition: Transition, state: State, brief: bool) -> tuple[Line, ...]:
    """The label: trigger, guard, actions; `brief` keeps the trigger alone. A history state's default has no trigger."""
    if state.type == "history":
        return () if brief else action_lines(transition.actions)
    css, icon, text = trigger(transition, state)
    lines = [Line(css, icon, fit(text, EVENT, EVENT_WIDTH))]
    guard = [Line("sb-gd", None, line) for line in wrap(f"[{transition.guard}]", MARK, LABEL_WIDTH)]
    if transition.kind == "always" and transition.guard:
        lines, guard = guard, []
    if brief:
        return tuple(lines[:1])
    if transition.guard:
        lines += guard
    return (*lines, *action_lines(transition.actions))


def transition_name(transition: Transition, state: State, targets: list[str]) -> str:
    """The whole label without cuts, for the tooltip and for screen readers; `targets` are titles."""
    words = ["by default" if state.type == "history" else trigger(transition, state).text]
    words += [f"[{transition.guard}]"] if transition.guard else []
    words += [f"/ {action_text(action)}" for action in transition.actions[:MOST_SAID]]
    way = f"{state.title} to {' and '.join(targets[:MOST_SAID])}" if targets else f"within {state.title}"
    return f"{' '.join(words)}: {way}"[:LONGEST_NAME]


def _activity_marks(activity: Activity) -> Iterator[Line]:
    """What it does and how often, for what, what undoes it, and what happens when it fails, in whole words."""
    times = f" ×{activity.retry.max_attempts}" if activity.retry.max_attempts > 1 else ""
    icon = {"human": "hand", "chart": "chart"}.get(activity.kind, "gear")
    yield Line("sb-act", icon, activity.title + times)
    if activity.map:
        yield Line("sb-map", "stack", f"for each of {activity.map.items}")
    if activity.compensation:
        yield Line("sb-undo", "undo", activity.compensation.title)
    if activity.on_failure in POLICIES:
        yield Line("sb-policy", "bolt", POLICIES[activity.on_failure])


def _done_marks(word: str, actions: tuple[Action, ...]) -> Iterator[Line]:
    shown = actions if len(actions) <= MOST_DONE else actions[: MOST_DONE - 1]
    for action in shown:
        yield Line("sb-do", "enter" if word == "entry" else "leave", f"{word} / {action_text(action)}")
    if len(shown) < len(actions):
        yield Line("sb-do", "enter" if word == "entry" else "leave", f"{word} / {len(actions) - len(shown)} more")


def _marks(state: State) -> list[Line]:
    marks = [mark for activity in state.activities[:MOST_MARKS] for mark in _activity_marks(activity)]
    if len(marks) > MOST_MARKS or len(state.activities) > MOST_MARKS:
        marks = [*marks[: MOST_MARKS - 1], Line("sb-act", "gear", f"{len(state.activities)} activities in all")]
    marks += [*_done_marks("entry", state.entry), *_done_marks("exit", state.exit)]
    if state.type == "final" and state.output not in (None, {}):
        marks.append(Line("sb-out", "leave", f"output {_told(state)}"))
    if state.limits.max_concurrency:
        marks.append(Line("sb-map", "stack", f"{state.limits.max_concurrency} at a time"))
    if state.limits.tolerated_failures:
        marks.append(Line("sb-policy", "bolt", f"{state.limits.tolerated_failures} may fail"))
    if state.expected_within:
        marks.append(Line("sb-exp", "hourglass", f"expected within {duration(state.expected_within)}"))
    if state.owner:
        marks.append(Line("sb-owner", "hand", f"owner {state.owner}"))
    return marks


def _told(state: State) -> str:
    """The output of a final state: the names of its values, or the value."""
    if isinstance(state.output, dict):
        return ", ".join(list(state.output)[:MOST_SAID])
    return json.dumps(state.output, ensure_ascii=False)[:WIDEST_TEXT]


def state_marks(state: State) -> tuple[Line, ...]:
    """The rows under a title: activities, what undoes them, entry and exit, the time expected, and whose it is."""
    return tuple(Line(css, icon, _cut(text)) for css, icon, text in _marks(state))


def _cut(text: str) -> str:
    """A mark within its width; how often an activity is tried stays readable."""
    head, times, count = text.rpartition(" ×")
    if times and count.isdecimal() and len(count) < 6:
        return fit(head, MARK, MARK_WIDTH) + times + count
    return fit(text, MARK, MARK_WIDTH)


def state_name(state: State, kind: str) -> str:
    """Title, type and marks without cuts, for the tooltip and for screen readers."""
    marks = [mark.text[:WIDEST_TEXT] for mark in _marks(state)]
    return ", ".join([state.title[:WIDEST_TEXT], f"{kind} state", *marks])[:LONGEST_NAME]
