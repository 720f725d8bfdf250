"""Who may see and who may change a machine. What a user may not see does not exist for them: 404, never 403."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import QuerySet
from django.http import Http404

from orchestrator.definitions.models import Machine

AnyUser = AbstractBaseUser | AnonymousUser


def _may(user: AnyUser, permission: str) -> bool:
    """Whether the user holds a permission over all machines; an administrator holds every one."""
    return isinstance(user, PermissionsMixin) and user.is_active and user.has_perm(permission)


def visible_machines(user: AnyUser) -> QuerySet[Machine]:
    """The machines this user may see: all with `definitions.view_machine`, otherwise the user's own."""
    if _may(user, "definitions.view_machine"):
        return Machine.objects.all()
    if not user.is_authenticated or not user.is_active:
        return Machine.objects.none()
    return Machine.objects.filter(owner_id=user.pk)


def can_edit(user: AnyUser, machine: Machine) -> bool:
    """Whether this user may change the machine and act on its instances."""
    if _may(user, "definitions.change_machine"):
        return True
    return user.is_authenticated and user.is_active and machine.owner_id == user.pk


def get_machine_or_404(user: AnyUser, slug: str) -> Machine:
    """The machine of this slug. Raises Http404 when it does not exist or the user may not see it."""
    machine = visible_machines(user).select_related("owner", "current").filter(slug=slug).first()
    if machine is None:
        raise Http404(f"There is no machine “{slug}”.")
    return machine
