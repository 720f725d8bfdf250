"""What the kinds of activities ask of their input beyond its being there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from orchestrator.statechart.checks.durations import duration_problem
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.tokens import paths
from orchestrator.statechart.checks.types import checker
from orchestrator.statechart.definition import JSON, Activity, Chart
from orchestrator.statechart.secret_refs import SecretError, used
from orchestrator.statechart.task_form import FormError, read_form

Input = Mapping[str, JSON]
ANSWER = ("status", "headers", "body")  # what the expressions over an HTTP answer may read
GONE = frozenset({"context", "event", "instance", "now"})


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every input, in document order."""
    for state in chart.states.values():
        for activity in state.activities:
            for kind, where, given in _inputs(activity):
                yield from _secrets(activity.ref, where, kind, given)
                if kind in OF_KIND:
                    yield from OF_KIND[kind](activity.ref, where, given)


def _inputs(activity: Activity) -> Iterator[tuple[str, str, Input]]:
    yield activity.kind, "input", activity.input
    if activity.compensation is not None:
        yield activity.compensation.kind, "compensate", activity.compensation.input


def _secrets(ref: str, where: str, kind: str, given: Input) -> Iterator[Problem]:
    try:
        used(kind, given)
    except SecretError as error:
        message = f"The secret would not be put in: {error}."
        yield problem("secret-place", ref, where, message, "Move it, or write its name.")


def _task(ref: str, where: str, given: Input) -> Iterator[Problem]:
    """A task needs somebody who sees it, and a form that can be shown."""
    if not given.get("assignee") and not given.get("group"):
        message = "The task is given to nobody: it has neither “assignee” nor “group” in its input."
        yield problem("missing-input", ref, where, message, "Fill in a username or the name of a group.")
    try:
        read_form(given.get("form"), drawn=True)
    except FormError as error:
        message = f"The form of the task cannot be shown: {error}."
        yield problem("task-form", ref, where, message, "Correct the field.")
    due = given.get("due")
    if isinstance(due, str) and due.startswith("P"):
        yield from duration_problem(ref, where, due)


def _answer(ref: str, where: str, given: Input) -> Iterator[Problem]:
    """The expressions over an answer are evaluated when it has come, far from the context."""
    response = given.get("response")
    fields = response if isinstance(response, Mapping) else {}
    if response is not None and not isinstance(response, Mapping):
        message = "“response” must map names to expressions over the answer."
        yield problem("expression", ref, where, message, 'Write for example {"id": "body.id"}.')
    texts = {**{f"response.{name}": text for name, text in fields.items()}, "success": given.get("success")}
    for name, text in texts.items():
        reason = _reason(text, name == "success") if text is not None else ""
        if reason:
            message = f"The expression “{name}” does not fit the answer: {reason}."
            yield problem("expression", ref, where, message, "It may read status, headers and body.")


def _reason(text: JSON, boolean: bool) -> str:
    """Why this is no expression over an answer; empty when it is one."""
    if not isinstance(text, str):
        return "it must be a text"
    if "${" in text:
        return "it is evaluated when the answer has come, so it stands without ${ }"
    gone = next((path.names[0] for path in paths(text) if path.names[0] in GONE), "")
    if gone:
        return f"{gone} cannot be read any more"
    verdict = checker((), ANSWER).verdict(text)
    if not verdict.reason and boolean and not verdict.type.startswith(("BOOL", "DYN")):
        return f"it must be true or false, and is of type {verdict.type.lower()}"
    return verdict.reason


OF_KIND: Mapping[str, Callable[[str, str, Input], Iterator[Problem]]] = {"human": _task, "http": _answer}
