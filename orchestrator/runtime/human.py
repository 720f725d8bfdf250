"""Human tasks: what their input says, and by what they are told from other activities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.durations import parse_duration
from orchestrator.statechart.task_form import Field, FormError, read_form

KIND = "human"
KEYS = frozenset({"title", "instructions", "assignee", "group", "form", "due"})
MAX_NAME = 150  # characters of a username or a group's name, as Django has them
MAX_TITLE = 200
MAX_INSTRUCTIONS = 20_000
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class TaskError(Exception):
    """An input which makes no task; the text names the field and the mend."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What is asked of whom. It is due `due_in` seconds after it began, or at `due_at`, or at no time."""

    title: str
    instructions: str
    assignee: str
    group: str
    fields: tuple[Field, ...]
    due_in: float | None = None
    due_at: datetime | None = None


def first_status(kind: str, given: Mapping[str, JSON]) -> str:
    """A task waits for a person; one that cannot be shown is performed like any other activity, and fails there."""
    if kind != KIND:
        return "pending"
    try:
        task_of(given)
    except TaskError:
        return "pending"
    return "waiting"


def task_of(given: Mapping[str, JSON]) -> TaskSpec:
    """The task of a rendered input. Raises TaskError."""
    strange = sorted(set(given) - KEYS)
    if strange:
        raise TaskError(f"input.{strange[0]} is not known; the keys are {', '.join(sorted(KEYS))}")
    assignee, group = _line(given, "assignee", MAX_NAME), _line(given, "group", MAX_NAME)
    if not assignee and not group:
        raise TaskError("input.assignee and input.group are both empty; name a user or a group")
    try:
        fields = read_form(given.get("form"))
    except FormError as error:
        raise TaskError(f"input.form: {error}") from error
    due_in, due_at = _due(given.get("due"))
    instructions = _instructions(given)
    return TaskSpec(_line(given, "title", MAX_TITLE), instructions, assignee, group, fields, due_in, due_at)


def _line(given: Mapping[str, JSON], key: str, limit: int) -> str:
    value = given.get(key)
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > limit or not text.isprintable():
        raise TaskError(f"input.{key} must be one line of at most {limit} characters")
    return text.strip()


def _instructions(given: Mapping[str, JSON]) -> str:
    text = given.get("instructions") or ""
    if not isinstance(text, str) or len(text) > MAX_INSTRUCTIONS:
        raise TaskError(f"input.instructions must be text of at most {MAX_INSTRUCTIONS} characters")
    return text


def _due(value: JSON) -> tuple[float | None, datetime | None]:
    """Seconds from now, or the moment itself."""
    if value in (None, ""):
        return None, None
    if isinstance(value, str) and value.startswith("P"):
        try:
            return parse_duration(value), None
        except ValueError as error:
            raise TaskError(f"input.due: {error}") from error
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
        raise TaskError(
            "input.due must be a duration such as P2D or a time with an offset such as 2026-01-31T17:00+00:00"
        )
    return None, moment
