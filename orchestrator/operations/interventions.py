"""Holding an instance, letting it go on, and leading it by hand: each dialog says first what will happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from orchestrator.definitions.charts import chart_of
from orchestrator.operations.access import actor
from orchestrator.operations.dialogs import Context, dialog, editable, refused, to_instance
from orchestrator.operations.forms import MoveForm, OptionalReasonForm, ReasonForm, SkipForm
from orchestrator.runtime import commands
from orchestrator.runtime.listings import InstanceDetail
from orchestrator.runtime.queries_instances import snapshot_of
from orchestrator.runtime.requests import Accepted
from orchestrator.statechart.lifecycle import Refused, check_target

Choices = Sequence[tuple[str, str]]
AnyForm = ReasonForm | OptionalReasonForm
FINISHED = ("completed", "cancelled", "compensated")


@dataclass(frozen=True, slots=True)
class Verb:
    """What an operator does to an instance; `words` tell what will happen, `field` is what is chosen beside the reason.

    `choices` are shown in order and may be none, in which case the verb cannot be used now and `nothing` says so.
    """

    name: str
    title: str
    icon: str
    words: Sequence[str]
    form: type[AnyForm]
    carry_out: Callable[[int, dict[str, Any], str], Accepted]
    field: str = ""
    label: str = ""
    choices: Callable[[InstanceDetail], Choices] = lambda instance: ()
    nothing: str = ""


def _skippable(instance: InstanceDetail) -> Choices:
    """The activities that something waits for, each once."""
    found = {
        run.activity: f"{run.title or run.activity} ({run.status})"
        for run in instance.activities
        if run.status in ("pending", "running", "waiting", "failed", "suspended") and not run.compensates
    }
    return list(found.items())


def _targets(instance: InstanceDetail) -> Choices:
    """The states which the instance may be moved to."""
    chart, snapshot, found = chart_of(instance.version_id), snapshot_of(instance.row.id), []
    for state in chart.states.values():
        with suppress(Refused):
            check_target(chart, snapshot, state.id)
            found.append((state.id, state.title))
    return found


def _skip(pk: int, values: dict[str, Any], who: str) -> Accepted:
    given = {} if values["result"] is None else {"result": values["result"]}
    return commands.skip(pk, values["activity"], given, values["reason"], who)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "suspend",
            "Suspend",
            "pause",
            (
                "It rests where it stands: no timer fires and no activity begins.",
                "Events that are sent to it are accepted and wait, in their order.",
                "An activity that runs now may finish; its result waits too.",
            ),
            ReasonForm,
            lambda pk, values, who: commands.suspend(pk, values["reason"], who),
        ),
        Verb(
            "resume",
            "Resume",
            "play",
            (
                "It goes on with all that waited, in the old order.",
                "Timers that fell due meanwhile fire at once.",
            ),
            OptionalReasonForm,
            lambda pk, values, who: commands.resume(pk, values["reason"], who),
        ),
        Verb(
            "skip",
            "Skip an activity",
            "arrow-right",
            (
                "The activity counts as done, with the result given here; the instance goes on as if it had answered.",
                "If it still runs, its own result is recorded when it comes, not applied.",
            ),
            SkipForm,
            _skip,
            "activity",
            "Activity",
            _skippable,
            "No activity runs or has failed in this instance, so there is nothing to skip.",
        ),
        Verb(
            "move",
            "Move to a state",
            "workflow",
            (
                "It leaves all states that it is in and enters this one; exit and entry actions run.",
                "Activities and timers of the states it leaves are stopped. What was done stays done.",
            ),
            MoveForm,
            lambda pk, values, who: commands.move(pk, values["state"], values["reason"], who),
            "state",
            "State",
            _targets,
            "The instance cannot be moved now: it has not begun, or is undoing what it did.",
        ),
    )
}


@require_http_methods(["GET", "POST"])
def intervene(request: HttpRequest, context: Context, pk: int, verb: str) -> HttpResponse:
    """The dialog of one verb, and what comes of it."""
    wanted = VERBS.get(verb)
    if wanted is None:
        raise Http404
    machine, instance = editable(request, pk)
    form = wanted.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            accepted = wanted.carry_out(pk, form.cleaned_data, actor(request))
        except commands.CommandError as error:
            refused(form, error)
        else:
            return to_instance(request, pk, accepted.event)
    shown = {
        "machine": machine,
        "instance": instance,
        "form": form,
        "verb": wanted,
        "choices": wanted.choices(instance),
        "chosen": form[wanted.field].value() if wanted.field else "",
        "chosen_errors": form[wanted.field].errors if wanted.field else (),
        "title": f"{wanted.title}: {instance.row.key}",
    }
    return dialog(request, context, "intervene", shown, 422 if form.errors else 200)


def possible(instance: InstanceDetail) -> list[Verb]:
    """The verbs that can be used now, in the order of their buttons."""
    status = instance.row.status
    if status in FINISHED:
        return []
    found = [VERBS["resume"]] if status == "suspended" else [VERBS["suspend"]] if status != "failed" else []
    if _skippable(instance):
        found.append(VERBS["skip"])
    return [*found, VERBS["move"]] if instance.row.configuration and status != "compensating" else found
