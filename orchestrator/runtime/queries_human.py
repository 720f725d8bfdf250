"""The read side of human tasks: whose they are, which are late, and one in full. Nothing here changes a row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from orchestrator.runtime.human import task_of
from orchestrator.runtime.models import HumanTask, TaskEntry
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.task_form import ANSWERED_BY, Field

PAGE = 50
COUNTED = 10_000  # counts are exact up to here
MOST_ENTRIES = 200
RELATED = ("machine", "run__instance")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose eyes these are: a user, the user's groups, and the machines of which they see every task (None: all)."""

    username: str
    groups: tuple[str, ...]
    machines: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task; `status` is waiting, done, failed (rejected) or cancelled."""

    id: int
    title: str
    status: str
    assignee: str
    group: str
    due: datetime | None
    created_at: datetime
    finished_at: datetime | None
    machine: int
    machine_slug: str
    machine_title: str
    version: int
    instance: int
    key: str
    state: str

    @property
    def overdue(self) -> bool:
        return self.status == "waiting" and self.due is not None and self.due < timezone.now()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What somebody did with a task; `detail` is to whom, or the class of the error."""

    action: str
    actor: str
    reason: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskDetail:
    row: TaskRow
    instructions: str
    fields: tuple[Field, ...]
    answer: dict[str, JSON]
    answered_by: str
    entries: list[EntryRow]


@dataclass(frozen=True, slots=True)
class TaskPage:
    rows: list[TaskRow]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Waiting tasks: `mine` lie with the viewer or open for their groups, `overdue` are those of mine past due."""

    mine: int
    overdue: int
    everything: int


def tasks(viewer: Viewer, mine: bool = True, page: int = 1, limit: int = PAGE) -> TaskPage:
    """Tasks that wait, the ones due first ahead; those without a due time follow by age."""
    found = _mine(viewer) if mine else _seen(viewer)
    total = _counted(found)
    pages = max(1, -(-total // limit))
    page = max(1, min(page, pages))
    ordered = found.order_by(F("due").asc(nulls_last=True), "run_id")[(page - 1) * limit : page * limit]
    return TaskPage([_row(task) for task in ordered], total, page, pages)


def counts(viewer: Viewer) -> TaskCounts:
    mine = _mine(viewer)
    return TaskCounts(_counted(mine), _counted(mine.filter(due__lt=timezone.now())), _counted(_seen(viewer)))


def task_detail(pk: int, viewer: Viewer) -> TaskDetail | None:
    """One task in full, also after it is over; None when there is none or the viewer may not see it."""
    task = HumanTask.objects.select_related(*RELATED).filter(_visible(viewer), pk=pk).first()
    if task is None:
        return None
    spec = task_of(json.loads(task.run.spec)["input"])
    answer = json.loads(task.run.result) if task.run.result else {}
    entries = TaskEntry.objects.filter(task=task).order_by("id")[:MOST_ENTRIES]
    return TaskDetail(
        row=_row(task),
        instructions=spec.instructions,
        fields=spec.fields,
        answer={name: value for name, value in answer.items() if name != ANSWERED_BY},
        answered_by=str(answer.get(ANSWERED_BY, "")),
        entries=[EntryRow(e.action, e.actor, e.reason, e.detail, e.at) for e in entries],
    )


def _waiting() -> QuerySet[HumanTask]:
    return HumanTask.objects.select_related(*RELATED).filter(run__status="waiting")


def _mine(viewer: Viewer) -> QuerySet[HumanTask]:
    return _waiting().filter(Q(assignee=viewer.username) | Q(assignee="", group__in=viewer.groups))


def _seen(viewer: Viewer) -> QuerySet[HumanTask]:
    return _waiting().filter(_visible(viewer))


def _visible(viewer: Viewer) -> Q:
    if viewer.machines is None:
        return Q()
    return Q(assignee=viewer.username) | Q(group__in=viewer.groups) | Q(machine__in=viewer.machines)


def _counted(found: QuerySet[HumanTask]) -> int:
    return found.order_by()[: COUNTED + 1].count()


def _row(task: HumanTask) -> TaskRow:
    run = task.run
    return TaskRow(
        id=run.pk,
        title=task.title,
        status=run.status,
        assignee=task.assignee,
        group=task.group,
        due=task.due,
        created_at=task.created_at,
        finished_at=run.finished_at,
        machine=task.machine_id,
        machine_slug=task.machine.slug,
        machine_title=task.machine.title,
        version=run.instance.version_id,
        instance=run.instance_id,
        key=run.instance.key,
        state=run.state,
    )
