"""What people do with human tasks. Each call commits before it returns; of two who act at once one is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from orchestrator.runtime import intake, nudge, store_human
from orchestrator.runtime.accepting import MAX_ID
from orchestrator.runtime.activities.registry import ActivityError
from orchestrator.runtime.human import MAX_NAME, task_of
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.perform import Outcome, answer
from orchestrator.runtime.requests import Person
from orchestrator.runtime.store import Cursor, batch
from orchestrator.runtime.store_activities import Claimed
from orchestrator.runtime.store_human import LockedTask
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.task_form import ANSWERED_BY, AnswerError, read_answer

REJECTED = "Rejected"
ERROR_CLASS = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}", re.ASCII)
OVER_ANSWERED = "this task was answered or rejected before; the first answer stands"
OVER_CANCELLED = "this task was cancelled: its state was left, so nobody waits for an answer"


def claim_task(activity: int, person: Person) -> None:
    """Take a task that lies open for a group. Raises CommandError."""
    with _held(activity) as (cursor, run, task):
        if task.assignee == person.username:
            return
        if task.assignee:
            raise CommandError("conflict", f"{task.assignee} has this task in hand", "assignee")
        store_human.assign(cursor, run, person.username)
        store_human.note(cursor, run, "claimed", person.actor)


def release_task(activity: int, reason: str, person: Person) -> None:
    """Give a task back to its group. Raises CommandError."""
    why = intake.text(reason, "reason")
    with _held(activity) as (cursor, run, task):
        _in_hand(task, person)
        if not task.group:
            raise CommandError("conflict", "no group could take this task over; reassign it instead", "assignee")
        if task.assignee:
            store_human.assign(cursor, run, "")
            store_human.note(cursor, run, "released", person.actor, why)


def reassign_task(activity: int, to: str, reason: str, person: Person) -> None:
    """Hand a task to another user. Raises CommandError."""
    why, username = intake.text(reason, "reason"), intake.text(to, "assignee", required=True).strip()
    if len(username) > MAX_NAME:
        raise CommandError("too-large", f"assignee is longer than {MAX_NAME} characters", "assignee")
    with _held(activity) as (cursor, run, task):
        _in_hand(task, person)
        if task.assignee != username:
            store_human.assign(cursor, run, username)
            store_human.note(cursor, run, "reassigned", person.actor, why, username)


def answer_task(activity: int, data: Mapping[str, JSON], person: Person) -> int:
    """Answer a task once; the values go to the instance, whose id is returned. Raises CommandError."""
    intake.data_text(data, "answer")
    with _held(activity) as (cursor, run, task):
        _in_hand(task, person)
        try:
            values = read_answer(task_of(json.loads(run.spec)["input"]).fields, data)
        except AnswerError as error:
            raise CommandError("invalid", error.message, error.field) from error
        result = json.dumps({**values, ANSWERED_BY: person.username}, separators=(",", ":"))
        _finish(cursor, run, Outcome(result=result), person)
        store_human.note(cursor, run, "answered", person.actor)
    return run.instance


def reject_task(activity: int, reason: str, person: Person, error_class: str = REJECTED) -> int:
    """Fail a task, so that its failure policy acts; returns the id of the instance. Raises CommandError."""
    why = intake.text(reason, "reason", required=True)
    if not isinstance(error_class, str) or not ERROR_CLASS.fullmatch(error_class):
        raise CommandError("invalid", "errorClass must be a name such as Rejected", "errorClass")
    with _held(activity) as (cursor, run, task):
        _in_hand(task, person)
        _finish(cursor, run, Outcome(error=ActivityError(why, error_class, permanent=True)), person)
        store_human.note(cursor, run, "rejected", person.actor, why, error_class)
    return run.instance


@contextmanager
def _held(activity: int) -> Iterator[tuple[Cursor, Claimed, LockedTask]]:
    """A task that still waits, locked until the commit. Raises CommandError for any other."""
    known = type(activity) is int and 0 < activity <= MAX_ID
    with batch() as cursor:
        found = store_human.lock(cursor, activity) if known else None
        if found is None:
            raise CommandError("unknown-task", f"there is no task {activity!r:.40}; check its id", "task")
        run, task = found
        if task.status == "cancelled":
            raise CommandError("finished", OVER_CANCELLED, "task")
        if task.status != "waiting":
            raise CommandError("conflict", OVER_ANSWERED, "task")
        yield cursor, run, task


def _in_hand(task: LockedTask, person: Person) -> None:
    """Nobody acts over the head of another, but for those who manage the machine."""
    if task.assignee and task.assignee != person.username and not person.manages:
        raise CommandError("conflict", f"{task.assignee} has this task in hand", "assignee")


def _finish(cursor: Cursor, run: Claimed, outcome: Outcome, person: Person) -> None:
    status = "failed" if outcome.error else "done"
    error = f"{outcome.error.error_class}: {outcome.error.message}" if outcome.error else ""
    if not store_human.finish(cursor, run, status, outcome.result, error):
        raise CommandError("conflict", OVER_ANSWERED, "task")
    store_human.answer(cursor, run, *answer(run, outcome), person.actor)
    nudge.after_commit([run.shard])
