"""`manage.py secrets set PAYMENTS --machine order-fulfilment`: secrets of activities.

A value comes from the terminal without being shown, or from standard input, so that it stands in no list of processes
and in no history of a shell.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from orchestrator.operations.management.plain import ACTOR, PlainCommand, machine_named
from orchestrator.runtime import vault
from orchestrator.runtime.models import Secret


class Command(PlainCommand):
    help = "Keep, list, allow, delete secrets of activities, or encrypt all anew. Values are never shown."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, told in (
            ("set", "keep a value, read from the terminal or from standard input"),
            ("allow", "let machines use a secret"),
            ("deny", "let machines use a secret no more"),
            ("delete", "forget a secret"),
        ):
            action = actions.add_parser(name, help=told)
            action.add_argument("name", help="how charts call it: {{secret:NAME}}")
            if name != "delete":
                action.add_argument("--machine", action="append", default=[], metavar="SLUG", help="may be repeated")
        actions.add_parser("list", help="names, machines, and when each was set")
        actions.add_parser("rotate", help="encrypt all anew, with a new key or the first of SECRETS_KEYS")

    def handle(self, *, action: str, **options: Any) -> None:
        handlers: dict[str, Callable[..., str]] = {
            "set": self._set,
            "allow": self._allow,
            "deny": self._deny,
            "delete": self._delete,
            "list": self._list,
            "rotate": self._rotate,
        }
        try:
            self.stdout.write(handlers[action](**options))
        except vault.VaultError as error:
            raise CommandError(f"Nothing was changed: {error}.") from None

    def _set(self, name: str, machine: list[str], **options: object) -> str:
        machines = [machine_named(slug) for slug in machine]
        vault.checked_name(name)
        value = getpass.getpass(f"Value of {name}: ") if sys.stdin.isatty() else sys.stdin.read().rstrip("\r\n")
        secret = vault.store(name, value, ACTOR)
        secret.machines.add(*machines)
        return f"{name} is kept; {_machines_of(secret)}."

    def _allow(self, name: str, machine: list[str], **options: object) -> str:
        secret = _named(name)
        secret.machines.add(*(machine_named(slug) for slug in machine))
        return f"{name}: {_machines_of(secret)}."

    def _deny(self, name: str, machine: list[str], **options: object) -> str:
        secret = _named(name)
        secret.machines.remove(*(machine_named(slug) for slug in machine))
        return f"{name}: {_machines_of(secret)}."

    def _delete(self, name: str, **options: object) -> str:
        _named(name).delete()
        return f"{name} is gone; activities that name it fail with UnknownSecret."

    def _list(self, **options: object) -> str:
        found = Secret.objects.prefetch_related("machines")
        rows = [f"{secret.name}  set {secret.updated_at:%Y-%m-%d %H:%M}  {_machines_of(secret)}" for secret in found]
        return "\n".join(rows) or "There are no secrets."

    def _rotate(self, **options: object) -> str:
        count = vault.rotate()
        return f"{count} {'secret is' if count == 1 else 'secrets are'} encrypted anew; older keys are needed no more."


def _named(name: str) -> Secret:
    secret = Secret.objects.filter(name=name).first()
    if secret is None:
        raise CommandError(f"There is no secret “{name}”; manage.py secrets list shows all.")
    return secret


def _machines_of(secret: Secret) -> str:
    slugs = ", ".join(machine.slug for machine in secret.machines.all())
    return f"used by {slugs}" if slugs else "no machine may use it yet"
