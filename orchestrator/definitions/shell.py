"""What every shell command shares: a failure is one plain sentence, never a traceback."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, ProgrammingError


class PlainCommand(BaseCommand):
    """A command whose expected failures are told in a sentence with the mend."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (OperationalError, InterfaceError):
            raise CommandError("The database cannot be reached; check DATABASE_URL and that it is running.") from None
        except ProgrammingError:
            raise CommandError("The database has not all tables yet; run manage.py migrate.") from None


def user_named(username: str) -> User:
    """The user of this name, by default the first administrator. Raises CommandError when there is none."""
    accounts = User.objects.filter(username=username) if username else User.objects.filter(is_superuser=True)
    user = accounts.filter(is_active=True).order_by("pk").first()
    if user is None:
        named = f"active user “{username}”" if username else "active administrator"
        raise CommandError(f"There is no {named}; manage.py createsuperuser makes one.")
    return user
