"""Issuing, checking and revoking API tokens. The secret is shown once, by whoever called `issue`."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from orchestrator.api.models import ApiToken

PREFIX = "sbx_"
SHOWN = 10
LONGEST = 200  # characters of a secret that are worth hashing
USE_RECORDED_EVERY = timedelta(minutes=1)


def issue(user: User, name: str, lifetime: timedelta | None = None) -> tuple[ApiToken, str]:
    """Store a new token and return it with its secret. Raises ValueError with the mend when the name cannot be used."""
    name = name.strip()
    limit = ApiToken._meta.get_field("name").max_length or 0
    if not name or len(name) > limit or not name.isprintable():
        raise ValueError(f"Give the token a name of 1 to {limit} printable characters.")
    secret = PREFIX + secrets.token_urlsafe(32)
    expires = timezone.now() + lifetime if lifetime else None
    token = ApiToken.objects.create(user=user, name=name, hash=_hash(secret), prefix=secret[:SHOWN], expires_at=expires)
    return token, secret


def check(secret: str) -> ApiToken | None:
    """The valid token of this secret: not revoked, not expired, its user active."""
    if not secret.startswith(PREFIX) or len(secret) > LONGEST:
        return None
    alive = Q(expires_at=None) | Q(expires_at__gt=Now())
    valid = ApiToken.objects.select_related("user").filter(alive, revoked_at=None, user__is_active=True)
    return valid.filter(hash=_hash(secret)).first()


def record_use(token: ApiToken) -> None:
    """Note that the token was used, at most once a minute so that reading costs no write."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=Now())


def revoke(token: ApiToken) -> None:
    """End the token; repeating keeps the first date."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <secret>`; the request then carries the token as `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = check(token)
        if found is not None:
            record_use(found)
        return found


def _hash(secret: str) -> str:
    """Plain SHA-256 is enough: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
