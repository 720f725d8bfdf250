"""Who may see and do what on the operations pages: what a person may not see does not exist for them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, visible_machines
from orchestrator.runtime.listings import InstanceDetail, instance_detail
from orchestrator.schedules.models import Schedule

LARGEST_ID = 2**63 - 1


def visible(request: HttpRequest) -> dict[int, Machine]:
    """The machines which this person may see, by id, in order of their titles."""
    return {machine.pk: machine for machine in visible_machines(request.user).select_related("current", "owner")}


def instance_or_404(request: HttpRequest, pk: int) -> tuple[Machine, InstanceDetail]:
    detail = instance_detail(pk)
    machine = visible(request).get(detail.machine) if detail else None
    if detail is None or machine is None:
        raise Http404("There is no such instance.")
    return machine, detail


def schedule_or_404(request: HttpRequest, pk: int) -> Schedule:
    """A schedule of a machine which this person may see. Raises Http404."""
    known = Schedule.objects.select_related("machine__owner").filter(machine__in=visible(request), pk=pk)
    schedule = known.first() if pk <= LARGEST_ID else None
    if schedule is None:
        raise Http404("There is no such schedule.")
    return schedule


def require_change(request: HttpRequest, machine: Machine) -> None:
    """Raises PermissionDenied unless this person may act on the machine's instances."""
    if not can_edit(request.user, machine):
        raise PermissionDenied("You may see this machine but not act on its instances.")


def require_overview(request: HttpRequest) -> None:
    """Raises Http404 unless this person may see every machine; mails and alerts speak of all of them."""
    if not request.user.has_perm("definitions.view_machine"):
        raise Http404


def actor(request: HttpRequest) -> str:
    return f"user:{request.user.get_username()}"
