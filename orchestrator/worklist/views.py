"""The pages of the worklist: what waits for whom, and one task with its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.permissions import visible_machines
from orchestrator.runtime import queries_human
from orchestrator.runtime.queries_human import TaskDetail
from orchestrator.statechart.definition import JSON
from orchestrator.worklist.access import colleagues, person_of, task_or_404, viewer_of
from orchestrator.worklist.forms import AnswerForm, ReasonForm, ReassignForm, RejectForm

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


def member(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lead those who are not logged in to the login page, also when only a part of a page was asked for."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(cast(MemberRequest, request), *args, **kwargs)
        if is_partial(request):
            return HttpResponseClientRedirect(reverse("login"))
        return redirect_to_login(request.get_full_path())

    return guarded


def is_partial(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


@member
@require_GET
def task_list(request: MemberRequest) -> HttpResponse:
    """Tasks that wait: mine and those open for my groups, or all that I may see."""
    viewer = viewer_of(request.user)
    mine = request.GET.get("show") != "all"
    asked = request.GET.get("page", "1")
    page = queries_human.tasks(viewer, mine, int(asked) if asked.isdecimal() and len(asked) < 8 else 1)
    context = {
        "area": "tasks",
        "page": page,
        "mine": mine,
        "counts": queries_human.counts(viewer),
        "tasks": [(row, _state_title(row.version, row.state)) for row in page.rows],
        "counted": queries_human.COUNTED,
    }
    part = request.headers.get("HX-Target") == "task-list"
    return render(request, "worklist/_list.html" if part else "worklist/list.html", context)


@member
@require_GET
def task_page(request: MemberRequest, pk: int) -> HttpResponse:
    return show(request, task_or_404(request.user, pk))


def show(
    request: MemberRequest,
    task: TaskDetail,
    forms: Mapping[str, AnswerForm | ReasonForm | RejectForm | ReassignForm] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """One task; `forms` are those that were sent and refused, `refusal` says why nothing came of it."""
    machine = visible_machines(request.user).filter(pk=task.row.machine).first()
    person = person_of(request.user, task, actor_of(request))
    context: dict[str, Any] = {
        "area": "tasks",
        "task": task,
        "row": task.row,
        "state": _state_title(task.row.version, task.row.state),
        "machine_link": reverse("designer:design", args=[machine.slug]) if machine else "",
        "instance_link": _instance_link(request.user, task) if machine else "",
        "may_act": person is not None and task.row.status == "waiting",
        "in_hand": person is not None and (task.row.assignee in ("", person.username) or person.manages),
        "is_mine": task.row.assignee == request.user.get_username(),
        "answers": [(field.label, _said(task.answer.get(field.name))) for field in task.fields] if task.answer else [],
        "refusal": refusal,
        "colleagues": colleagues(task),
        "form": AnswerForm(asked=task.fields),
        "release_form": ReasonForm(),
        "reject_form": RejectForm(),
        "reassign_form": ReassignForm(),
        **(forms or {}),
    }
    template = "worklist/_task.html" if is_partial(request) else "worklist/task.html"
    return render(request, template, context, status=status)


def actor_of(request: MemberRequest) -> str:
    """How the journal names this person."""
    return f"user:{request.user.get_username()}"


def _instance_link(user: User, task: TaskDetail) -> str:
    return reverse("admin:operations_instance", args=[task.row.instance]) if user.is_staff else ""


def _said(value: JSON) -> JSON:
    """A value of an answer as people say it."""
    return ("Yes" if value else "No") if isinstance(value, bool) else value


def _state_title(version: int, state: str) -> str:
    found = chart_of(version).states.get(state)
    return found.title if found else state
