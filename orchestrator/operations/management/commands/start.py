"""`manage.py start order-fulfilment order-1 --context '{"amount": 20}'`: start an instance."""

from __future__ import annotations

from django.core.management.base import CommandParser

from orchestrator.operations.management.plain import ACTOR, PlainCommand, json_object
from orchestrator.runtime import commands


class Command(PlainCommand):
    help = "Start an instance of a machine's current version; the same key again finds the same instance."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("machine", help="slug of the machine")
        parser.add_argument("key", help="business key of the instance")
        parser.add_argument("--context", default="{}", metavar="JSON", help="values over the chart's initial context")
        parser.add_argument("--correlation", default="", help="an id shared with other systems")

    def handle(self, *, machine: str, key: str, context: str, correlation: str, **options: object) -> None:
        wanted = commands.StartRequest(machine, key, json_object(context, "--context"), correlation)
        started = commands.start(wanted, actor=ACTOR)
        done = "started" if started.created else "exists already"
        self.stdout.write(f"Instance {started.instance} ({started.key}) {done}.")
