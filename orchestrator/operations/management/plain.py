"""What every command here shares: a failure is one plain sentence, never a traceback."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.core.management.base import CommandError as Refusal
from django.db import InterfaceError, OperationalError, ProgrammingError

from orchestrator.definitions.models import Machine
from orchestrator.runtime.commands import CommandError
from orchestrator.runtime.listings import instance_of_key
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.document import DocumentError, loads

ACTOR = "system"


class PlainCommand(BaseCommand):
    """A command whose expected failures are told in a sentence with the mend."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            raise Refusal(error.message) from None
        except (OperationalError, InterfaceError):
            raise Refusal("The database cannot be reached; check DATABASE_URL and that it is running.") from None
        except ProgrammingError:
            raise Refusal("The database has not all tables yet; run manage.py migrate.") from None


def machine_named(slug: str) -> Machine:
    """The machine of this slug, or a refusal."""
    machine = Machine.objects.select_related("current").filter(slug=slug).first()
    if machine is None:
        raise Refusal(f"There is no machine “{slug}”.")
    return machine


def instance_named(machine: Machine, key: str) -> int:
    """The id of the machine's instance of this key, or a refusal."""
    pk = instance_of_key(machine.pk, key)
    if pk is None:
        raise Refusal(f"The machine “{machine.slug}” has no instance “{key}”.")
    return pk


def json_object(text: str, option: str) -> dict[str, JSON]:
    """An option's JSON object, or a refusal."""
    try:
        return loads(text)
    except DocumentError as error:
        raise Refusal(f"{option} must be a JSON object: {error.message}.") from None


def user_named(username: str) -> User:
    """The user of this name, by default the first administrator, or a refusal."""
    if username:
        user = User.objects.filter(username=username, is_active=True).first()
    else:
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None:
        named = f"active user “{username}”" if username else "active administrator"
        raise Refusal(f"There is no {named}; manage.py createsuperuser makes one.")
    return user
