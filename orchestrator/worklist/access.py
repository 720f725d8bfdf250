"""Who may see a task and who may act on it. What a person may not see does not exist for them: 404."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import Http404

from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, visible_machines
from orchestrator.runtime.commands import CommandError, Person
from orchestrator.runtime.queries_human import TaskDetail, Viewer, task_detail

LARGEST_ID = 2**63 - 1
MOST_COLLEAGUES = 100


def viewer_of(user: User) -> Viewer:
    """A user sees the tasks that are theirs, those of their groups, and all of the machines that they edit.

    Operators, who may see every machine, see every task.
    """
    groups = tuple(user.groups.values_list("name", flat=True))
    if user.has_perm("definitions.view_machine") or user.has_perm("definitions.change_machine"):
        return Viewer(user.get_username(), groups, None)
    return Viewer(user.get_username(), groups, tuple(visible_machines(user).values_list("pk", flat=True)))


def task_or_404(user: User, pk: int) -> TaskDetail:
    """The task. Raises Http404 when there is none or this user may not see it."""
    found = task_detail(pk, viewer_of(user)) if 0 < pk <= LARGEST_ID else None
    if found is None:
        raise Http404(f"There is no task {pk}.")
    return found


def colleagues(task: TaskDetail) -> list[str]:
    """Usernames of the task's group, to choose from."""
    members = (
        User.objects.filter(groups__name=task.row.group, is_active=True) if task.row.group else User.objects.none()
    )
    return list(members.order_by("username").values_list("username", flat=True)[:MOST_COLLEAGUES])


def require_user(username: str) -> None:
    """Raises CommandError unless there is an active user of this name."""
    if not User.objects.filter(username=username, is_active=True).exists():
        raise CommandError("invalid", f"there is no active user {username!r:.60}; check the username", "to")


def person_of(user: User, task: TaskDetail, actor: str) -> Person | None:
    """This user as somebody who may act on the task; None for one who may only look."""
    manages = can_edit(user, Machine.objects.get(pk=task.row.machine))
    mine = task.row.assignee == user.get_username()
    if manages or mine or user.groups.filter(name=task.row.group).exists():
        return Person(user.get_username(), actor, manages)
    return None
