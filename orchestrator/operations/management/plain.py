"""What the commands of the runtime share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError as Refusal

from orchestrator.definitions import shell
from orchestrator.definitions.models import Machine
from orchestrator.runtime.commands import CommandError
from orchestrator.runtime.listings import instance_of_key
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.document import DocumentError, loads

ACTOR = "system"


class PlainCommand(shell.PlainCommand):
    """A command that tells a refusal of the runtime in its sentence."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            raise Refusal(error.message) from None


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
