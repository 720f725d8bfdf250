"""`manage.py send document-approval doc-1 approve --data '{"by": "Ada"}'`: send an event to an instance."""

from __future__ import annotations

from django.core.management.base import CommandParser

from orchestrator.operations.management.plain import ACTOR, PlainCommand, json_object
from orchestrator.runtime import commands


class Command(PlainCommand):
    help = "Send an event to an instance; it is applied by the workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("machine", help="slug of the machine")
        parser.add_argument("key", help="business key of the instance")
        parser.add_argument("event", help="name of the event")
        parser.add_argument("--data", default="{}", metavar="JSON", help="the event's data")
        parser.add_argument("--idempotency-key", default="", help="the same key again is accepted once")
        parser.add_argument(
            "--start", action="store_true", help="start an instance first when there is none of this key"
        )

    def handle(
        self, *, machine: str, key: str, event: str, data: str, idempotency_key: str, start: bool, **options: object
    ) -> None:
        request = commands.EventRequest(
            name=event,
            data=json_object(data, "--data"),
            machine=machine,
            key=key,
            start=start,
            source="shell",
            idempotency_key=idempotency_key,
        )
        accepted = commands.send(request, actor=ACTOR)
        done = "was accepted before" if accepted.duplicate else "is accepted"
        self.stdout.write(f"Event {accepted.event} ({event}) for instance {accepted.instance} {done}.")
