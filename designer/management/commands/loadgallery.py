"""`manage.py loadgallery [--user NAME]`: make and publish the example machines which are not there yet."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from designer.gallery.load import load_gallery


class Command(BaseCommand):
    help = "Make and publish each machine of the gallery that does not exist; what users changed is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", default="", help="who owns the machines; by default the first administrator")

    def handle(self, *, user: str, **options: object) -> None:
        accounts = User.objects.filter(username=user) if user else User.objects.filter(is_superuser=True)
        owner = accounts.filter(is_active=True).order_by("pk").first()
        if owner is None:
            raise CommandError("There is nobody to own the machines; manage.py createsuperuser makes an administrator.")
        for machine in load_gallery(owner):
            self.stdout.write(f"{machine.slug}: published version {machine.current.number if machine.current else 0}")
