"""Whose name a command acts under."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.management.base import CommandError


def account_named(username: str) -> User:
    """The active user of this name, by default the first administrator. Raises CommandError when there is none."""
    accounts = User.objects.filter(username=username) if username else User.objects.filter(is_superuser=True)
    account = accounts.filter(is_active=True).order_by("pk").first()
    if account is None:
        named = f"active user “{username}”" if username else "active administrator"
        raise CommandError(f"There is no {named}; manage.py createsuperuser makes an administrator.")
    return account
