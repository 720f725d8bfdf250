"""`manage.py loadgallery [--user NAME]`: make and publish the example machines which are not there yet."""

from __future__ import annotations

from django.core.management.base import CommandParser

from designer.gallery.load import load_gallery
from orchestrator.definitions.shell import PlainCommand, user_named


class Command(PlainCommand):
    help = "Make and publish each machine of the gallery that does not exist; what users changed is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", default="", help="who owns the machines; by default the first administrator")

    def handle(self, *, user: str, **options: object) -> None:
        for machine in load_gallery(user_named(user)):
            self.stdout.write(f"{machine.slug}: published version {machine.current.number if machine.current else 0}")
