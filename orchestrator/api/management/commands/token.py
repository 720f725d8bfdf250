"""`manage.py token --user admin --name ci`: make an API token; the secret is printed once and stored nowhere."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from orchestrator.api import tokens
from orchestrator.definitions.shell import user_named
from orchestrator.operations.management.plain import PlainCommand


class Command(PlainCommand):
    help = "Make an API token. The secret is printed once; only its hash is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose machines the token may reach")
        parser.add_argument("--name", required=True, help="what the token is for")

    def handle(self, *, user: str, name: str, **options: object) -> None:
        try:
            _, secret = tokens.issue(user_named(user), name)
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(secret)
