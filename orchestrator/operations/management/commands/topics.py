"""`manage.py topics TOPIC TYPE VERSION FILE`: register a version of an event type's JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from orchestrator.choreography.models import Topic
from orchestrator.choreography.registry import MAX_SCHEMA, MODES, RegistryError, register
from orchestrator.operations.management.plain import PlainCommand


class Command(PlainCommand):
    help = "Register a version of an event type's JSON Schema; a topic that is not there is made."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("topic")
        parser.add_argument("type", help="event type, such as order.placed")
        parser.add_argument("version", help="semantic version, such as 1.2.0")
        parser.add_argument("file", type=Path, help="the JSON Schema")
        parser.add_argument("--compatibility", choices=MODES, default="backward")

    def handle(self, *, topic: str, type: str, version: str, file: Path, compatibility: str, **options: object) -> None:
        try:
            with file.open(encoding="utf-8") as opened:
                schema = json.loads(opened.read(4 * MAX_SCHEMA))
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"{file} cannot be read as JSON: {error}") from None
        found = Topic.objects.filter(name=topic).first() or Topic(name=topic)
        try:
            with transaction.atomic():
                if found.pk is None:
                    found.full_clean()
                    found.save()
                _, new = register(found, type, version, schema, compatibility)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        except RegistryError as error:
            raise CommandError(f"{error.field}: {error}") from None
        self.stdout.write(f"{type} {version} {'is registered' if new else 'was registered before'} in {topic}")
