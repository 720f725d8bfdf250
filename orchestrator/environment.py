"""Addresses of services, read from the environment's URLs; a wrong one is told in a plain sentence."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

POSTGRESQL = "django.db.backends.postgresql"
FILES = "orchestrator.alerts.mailbox.EmailBackend"
MAIL_SCHEMES = {"smtp", "smtp+tls", "smtp+ssl", "smtps", "consolemail"}
KINDS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}
QUOTED = str.maketrans({"\\": "\\\\", "'": "\\'"})


class Environment(environ.Env):  # type: ignore[misc]  # it comes without types
    """The environment's variables; one that cannot be read is named."""

    def get_value(self, var: str, cast: Any = None, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, cast, *args, **kwargs)
        except ValueError as error:
            wanted = KINDS.get(cast, "of another kind")
            raise ImproperlyConfigured(f"{var} must be {wanted}, and “{self.ENVIRON.get(var, '')}” is not.") from error


def database(url: str) -> dict[str, Any]:
    """The parts of DATABASE_URL as Django takes them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parts: dict[str, Any] = environ.Env.db_url_config(url)
        except (ValueError, KeyError, ImproperlyConfigured):
            parts = {}
    if parts.get("ENGINE") != POSTGRESQL or not parts.get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL must be the address of a PostgreSQL database, postgres://USER:PASSWORD@HOST:PORT/NAME."
        )
    return parts


def mail(url: str) -> dict[str, Any]:
    """The EMAIL_ settings of EMAIL_URL; without one each mail becomes a file."""
    if not url:
        return {"EMAIL_BACKEND": FILES}
    try:
        parts: dict[str, Any] = environ.Env.email_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured):
        parts = {}
    if not parts or urlsplit(url).scheme not in MAIL_SCHEMES:
        raise ImproperlyConfigured(
            "EMAIL_URL must be the address of a mail server, smtp://USER:PASSWORD@HOST:PORT or smtp+tls://USER:PASSWORD@HOST:PORT."
        )
    return {name: value for name, value in parts.items() if value is not None}


def redis(url: str) -> str:
    """REDIS_URL as it is, or empty when the broker is to be PostgreSQL."""
    if url and urlsplit(url).scheme not in {"redis", "rediss", "unix", "redis+socket"}:
        raise ImproperlyConfigured("REDIS_URL must be the address of a Redis server, redis://HOST:PORT/0.")
    return url


def conninfo(parts: Mapping[str, Any]) -> str:
    """The database's address for a connection beside Django's own, with the same options."""
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    found = {name: str(parts[key]) for name, key in names.items() if parts[key]}
    return make_conninfo("", **found, **_options(parts))


def _options(parts: Mapping[str, Any]) -> dict[str, str]:
    """What libpq itself understands; the pool is Django's affair."""
    return {name: value for name, value in parts.get("OPTIONS", {}).items() if isinstance(value, str)}


def queue_address(parts: Mapping[str, Any]) -> str:
    """The database's address for the queue's client, which pastes the parts into a conninfo without quoting them."""
    options = _options(parts)
    options["options"] = f"{options.get('options', '')} -c synchronous_commit=off".strip()  # a hint may be lost
    words = [_quoted(parts["PASSWORD"] or "-"), *(f"{name}={_quoted(value)}" for name, value in options.items())]
    user, password = quote(_quoted(parts["USER"]), safe=""), quote(" ".join(words), safe="")
    name = quote(_quoted(parts["NAME"]), safe="")
    return f"postgresql://{user}:{password}@{parts['HOST'] or 'localhost'}:{parts['PORT'] or 5432}/{name}"


def _quoted(value: str) -> str:
    return f"'{value.translate(QUOTED)}'"
