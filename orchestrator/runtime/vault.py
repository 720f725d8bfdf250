"""Secrets at rest: encrypted with Fernet under keys that can be changed. Nothing here is logged or shown.

The keys are those of SECRETS_KEYS, or of a private file that is made at the first use. The first key encrypts; the
others only read, until `rotate` has encrypted everything anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import QuerySet

from orchestrator.embedded.files import kept_secret, write_private
from orchestrator.runtime import store_secrets
from orchestrator.runtime.models import Secret
from orchestrator.runtime.store import batch
from orchestrator.statechart.secret_refs import NAME

SHORTEST, LONGEST = 8, 10_000  # characters; what is shorter could not be told from other text when it is hidden
READS = 2  # a rotation may come between reading a row and reading the keys


class VaultError(Exception):
    """A secret that cannot be kept or read; the text says the mend and never the value."""


def checked_name(name: str) -> str:
    """Raises VaultError for what no reference could name."""
    if not NAME.fullmatch(name):
        raise VaultError("a name begins with a letter and has at most 80 letters, digits, “_”, “-” and “.”")
    return name


def seal(name: str, value: str) -> str:
    """The value as it is stored; it can be read under this name only. Raises VaultError."""
    if not SHORTEST <= len(value) <= LONGEST or "\x00" in value:
        raise VaultError(f"a value has {SHORTEST} to {LONGEST:,} characters")
    return _box(keys()).encrypt(f"{name}\n{value}".encode()).decode()


def store(name: str, value: str, actor: str) -> Secret:
    """Keep a new secret, or a new value of one that is there. Raises VaultError."""
    secret = Secret.objects.filter(name=name).first() or Secret(name=checked_name(name))
    keep(secret, value, actor)
    return secret


def keep(secret: Secret, value: str, actor: str) -> None:
    """Give a secret this value. Raises VaultError."""
    with batch() as cursor:
        store_secrets.writing(cursor)
        secret.value, secret.updated_by = seal(secret.name, value), actor
        secret.save()


def opened(names: Iterable[str], machine: int) -> dict[str, str]:
    """The values of these secrets which the machine may use; what it may not use is missing. Raises VaultError."""
    return _opened(Secret.objects.filter(name__in=set(names), machines=machine))


def opened_by_hand(secret: int) -> str:
    """The value of a secret which a person put into an endpoint, whatever machines may use it. Raises VaultError."""
    return next(iter(_opened(Secret.objects.filter(pk=secret)).values()))


def _opened(secrets: QuerySet[Secret]) -> dict[str, str]:
    for _ in range(READS):
        rows = secrets.order_by("name").values_list("name", "value")
        box = _box(keys())
        try:
            return {name: _unsealed(box, name, sealed) for name, sealed in list(rows)}
        except InvalidToken:
            continue
    raise VaultError("a secret cannot be read with the keys of this worker; check SECRETS_KEYS")


def _unsealed(box: MultiFernet, name: str, sealed: str) -> str:
    """Raises InvalidToken also for a row that was stored under another name."""
    kept, _, value = box.decrypt(sealed.encode()).decode().partition("\n")
    if kept != name:
        raise InvalidToken
    return value


def keys() -> list[str]:
    """The keys, the one that encrypts first."""
    return list(settings.SECRETS_KEYS) or kept_secret(_file(), _new_key).split()


def rotate() -> int:
    """Encrypt every secret anew, with a new key where the keys are in the file; returns how many. Raises VaultError.

    Until all is committed the file has the old keys too, so that a crash on the way loses nothing.
    """
    with batch() as cursor:
        store_secrets.rotating(cursor)
        if not settings.SECRETS_KEYS:
            write_private(_file(), "\n".join([_new_key(), *keys()]))
        current = keys()
        count = _sealed_anew(_box(current))
    if not settings.SECRETS_KEYS:
        write_private(_file(), current[0])
    return count


def _sealed_anew(box: MultiFernet) -> int:
    found = list(Secret.objects.all())
    for secret in found:
        try:
            sealed = box.rotate(secret.value.encode()).decode()
        except InvalidToken:
            raise VaultError(f"the secret {secret.name} cannot be read with these keys") from None
        Secret.objects.filter(pk=secret.pk).update(value=sealed)
    return len(found)


def _box(texts: list[str]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(text) for text in texts])
    except ValueError:
        raise VaultError("SECRETS_KEYS must hold Fernet keys: 32 random bytes each, in URL-safe Base64") from None


def _file() -> Path:
    return Path(settings.SECRETS_FILE)


def _new_key() -> str:
    return Fernet.generate_key().decode()
