"""Human tasks: list what waits for the token's user, read one, and act on it as that user."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from ninja import Query, Router, Status

from orchestrator.api.access import actor_of, token_of
from orchestrator.api.machines import REFUSALS
from orchestrator.api.schemas import (
    AnswerTaskBody,
    ErrorOut,
    ReassignTaskBody,
    RejectTaskBody,
    ReleaseTaskBody,
    TaskDetailOut,
    TaskEntryOut,
    TaskFieldOut,
    TaskOut,
    TasksOut,
)
from orchestrator.runtime import commands, queries_human
from orchestrator.runtime.commands import Person
from orchestrator.runtime.queries_human import TaskDetail, TaskRow
from orchestrator.worklist.access import person_of, require_user, task_or_404, viewer_of

router = Router(tags=["tasks"], by_alias=True)
Page = Annotated[int, Query(ge=1, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
ANSWERS = {200: TaskDetailOut, REFUSALS: ErrorOut}
GIVEN_AWAY = {204: None, REFUSALS: ErrorOut}  # who gave it away may not see it any more


@router.get("", response={200: TasksOut, REFUSALS: ErrorOut}, summary="Tasks that wait, those due first ahead")
def list_tasks(request: HttpRequest, mine: bool = True, page: Page = 1, limit: Limit = queries_human.PAGE) -> TasksOut:
    """`mine` are those of the token's user and those open for the user's groups; without it all that may be seen."""
    found = queries_human.tasks(viewer_of(_user(request)), mine, page, limit)
    return TasksOut(tasks=[_out(row) for row in found.rows], total=found.total, page=found.page, pages=found.pages)


@router.get("/{int:pk}", response=ANSWERS, summary="One task with its form and its history")
def read_task(request: HttpRequest, pk: int) -> TaskDetailOut:
    return _detail(task_or_404(_user(request), pk))


@router.post("/{int:pk}/claim", response=ANSWERS, summary="Take a task that lies open for a group")
def claim_task(request: HttpRequest, pk: int) -> TaskDetailOut:
    commands.claim_task(pk, _person(request, pk))
    return read_task(request, pk)


@router.post("/{int:pk}/release", response=GIVEN_AWAY, summary="Give a task back to its group")
def release_task(request: HttpRequest, pk: int, payload: ReleaseTaskBody) -> Status[None]:
    commands.release_task(pk, payload.reason, _person(request, pk))
    return Status(204, None)


@router.post("/{int:pk}/reassign", response=GIVEN_AWAY, summary="Hand a task to another user")
def reassign_task(request: HttpRequest, pk: int, payload: ReassignTaskBody) -> Status[None]:
    person = _person(request, pk)
    require_user(payload.to)
    commands.reassign_task(pk, payload.to, payload.reason, person)
    return Status(204, None)


@router.post("/{int:pk}/answer", response=ANSWERS, summary="Answer a task, once: a second answer is refused with 409")
def answer_task(request: HttpRequest, pk: int, payload: AnswerTaskBody) -> TaskDetailOut:
    commands.answer_task(pk, payload.answer, _person(request, pk))
    return read_task(request, pk)


@router.post("/{int:pk}/reject", response=ANSWERS, summary="Fail a task with a reason; the failure policy acts")
def reject_task(request: HttpRequest, pk: int, payload: RejectTaskBody) -> TaskDetailOut:
    commands.reject_task(pk, payload.reason, _person(request, pk), payload.error_class)
    return read_task(request, pk)


def _user(request: HttpRequest) -> User:
    return token_of(request).user


def _person(request: HttpRequest, pk: int) -> Person:
    """The token's user as somebody who may act on the task. Raises Http404 for who may only look."""
    user = _user(request)
    person = person_of(user, task_or_404(user, pk), actor_of(request))
    if person is None:
        raise Http404(f"There is no task {pk}.")
    return person


def _detail(task: TaskDetail) -> TaskDetailOut:
    return TaskDetailOut(
        **_values(task.row),  # type: ignore[arg-type]
        instructions=task.instructions,
        form=[TaskFieldOut(**{**asdict(field), "options": list(field.options)}) for field in task.fields],
        answer=task.answer,
        answered_by=task.answered_by,
        history=[TaskEntryOut(**asdict(entry)) for entry in task.entries],
    )


def _out(row: TaskRow) -> TaskOut:
    return TaskOut(**_values(row))  # type: ignore[arg-type]


def _values(row: TaskRow) -> dict[str, object]:
    values = {name: value for name, value in asdict(row).items() if name in TaskOut.model_fields}
    return {**values, "machine": row.machine_slug, "overdue": row.overdue}
