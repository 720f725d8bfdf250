"""What a person does with a task on its page: each says afterwards what became of it, or why nothing did."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from orchestrator.runtime import commands
from orchestrator.runtime.commands import CommandError, Person
from orchestrator.runtime.queries_human import TaskDetail
from orchestrator.worklist.access import person_of, require_user, task_or_404
from orchestrator.worklist.forms import AnswerForm, ReasonForm, ReassignForm, RejectForm
from orchestrator.worklist.views import MemberRequest, actor_of, is_partial, member, show

Action = Callable[[MemberRequest, TaskDetail, Person], HttpResponse]


def _acting(action: Action) -> Callable[[HttpRequest, int], HttpResponse]:
    """Find the task for who may act on it; a refusal of the runtime is shown on the task as it stands now."""

    @member
    @require_POST
    @wraps(action)
    def view(request: MemberRequest, pk: int) -> HttpResponse:
        task = task_or_404(request.user, pk)
        person = person_of(request.user, task, actor_of(request))
        if person is None:
            raise PermissionDenied("You may see this task but not act on it.")
        try:
            return action(request, task, person)
        except CommandError as error:
            return show(request, task_or_404(request.user, pk), refusal=error.message, status=409)

    return view


@_acting
def claim(request: MemberRequest, task: TaskDetail, person: Person) -> HttpResponse:
    commands.claim_task(task.row.id, person)
    if is_partial(request):
        return show(request, task_or_404(request.user, task.row.id))
    return HttpResponseRedirect(reverse("worklist:task", args=[task.row.id]))


@_acting
def release(request: MemberRequest, task: TaskDetail, person: Person) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, task, {"release_form": form}, status=422)
    commands.release_task(task.row.id, form.cleaned_data["reason"], person)
    return _leave(request, f"“{task.row.title}” lies open for {task.row.group} again.")


@_acting
def reassign(request: MemberRequest, task: TaskDetail, person: Person) -> HttpResponse:
    form = ReassignForm(request.POST)
    if not form.is_valid():
        return show(request, task, {"reassign_form": form}, status=422)
    to = form.cleaned_data["to"]
    try:
        require_user(to)
    except CommandError as error:
        form.add_error("to", f"{error.message[0].upper()}{error.message[1:]}.")
        return show(request, task, {"reassign_form": form}, status=422)
    commands.reassign_task(task.row.id, to, form.cleaned_data["reason"], person)
    return _leave(request, f"“{task.row.title}” is now with {to}.")


@_acting
def answer(request: MemberRequest, task: TaskDetail, person: Person) -> HttpResponse:
    form = AnswerForm(request.POST, asked=task.fields)
    if not form.is_valid():
        return show(request, task, {"form": form}, status=422)
    try:
        commands.answer_task(task.row.id, form.values(), person)
    except CommandError as error:
        if error.code not in ("invalid", "too-large"):
            raise
        form.refuse(error.field, error.message)
        return show(request, task, {"form": form}, status=422)
    return _leave(request, f"Answered: “{task.row.title}”.")


@_acting
def reject(request: MemberRequest, task: TaskDetail, person: Person) -> HttpResponse:
    form = RejectForm(request.POST)
    if not form.is_valid():
        return show(request, task, {"reject_form": form}, status=422)
    commands.reject_task(task.row.id, form.cleaned_data["reason"], person)
    return _leave(request, f"Rejected: “{task.row.title}”.")


def _leave(request: MemberRequest, said: str) -> HttpResponse:
    """Back to the list, where the rest waits."""
    messages.success(request, said)
    address = reverse("worklist:tasks")
    return HttpResponseClientRedirect(address) if is_partial(request) else HttpResponseRedirect(address)
