"""What a token may reach: the machines its user may see; anything else does not exist for it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest

from orchestrator.api.models import ApiToken
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import can_edit, get_machine_or_404, visible_machines
from orchestrator.runtime.listings import InstanceDetail, instance_detail

LARGEST_ID = 2**63 - 1


def user_of(request: HttpRequest) -> AbstractBaseUser:
    return token_of(request).user


def token_of(request: HttpRequest) -> ApiToken:
    """The token which ninja put on the request when it let it in."""
    token: ApiToken = vars(request)["auth"]
    return token


def actor_of(request: HttpRequest) -> str:
    """How the journal names the token."""
    token = token_of(request)
    return f"token:{token.user.get_username()}/{token.name}"[:200]


def readable_machine(request: HttpRequest, slug: str) -> Machine:
    return get_machine_or_404(user_of(request), slug)


def writable_machine(request: HttpRequest, slug: str) -> Machine:
    machine = get_machine_or_404(user_of(request), slug)
    if not can_edit(user_of(request), machine):
        raise Http404(f"There is no machine “{slug}”.")
    return machine


def readable_instance(request: HttpRequest, pk: int) -> tuple[Machine, InstanceDetail]:
    """The instance and its machine. Raises Http404."""
    found = instance_detail(pk) if 0 < pk <= LARGEST_ID else None
    machine = visible_machines(user_of(request)).filter(pk=found.machine).first() if found else None
    if found is None or machine is None:
        raise Http404(f"There is no instance {pk}.")
    return machine, found


def writable_instance(request: HttpRequest, pk: int) -> InstanceDetail:
    """An instance which the token may act on. Raises Http404."""
    machine, found = readable_instance(request, pk)
    if not can_edit(user_of(request), machine):
        raise Http404(f"There is no instance {pk}.")
    return found
