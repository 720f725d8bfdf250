"""Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body, under several keys while they rotate."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key
MOST_KEYS = 5
MOST_SIGNATURES = 20  # that one request may carry
TOLERANCE = 300  # seconds between the clocks
# An id without a dot: with one, the same signed bytes could be read as another id, time and body.
MESSAGE = re.compile(r"[!-\-/-~]{1,200}", re.ASCII)
SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class SigningError(ValueError):
    """A secret that cannot sign; the text never holds it."""

    def __init__(self) -> None:
        super().__init__(
            f"the secret is no signing key: it must be {PREFIX} and the Base64 of {SHORTEST} to {LONGEST} bytes; "
            f"while it rotates, up to {MOST_KEYS} of them with spaces between"
        )


class SignatureError(ValueError):
    """A request that is not signed as it must be: the header and the mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field


def keys_of(secret: str) -> list[bytes]:
    """The keys of a secret. Raises SigningError."""
    words = secret.split()
    if not 0 < len(words) <= MOST_KEYS:
        raise SigningError
    return [_key(word) for word in words]


def sign(keys: Sequence[bytes], message: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature: one signature for each key."""
    return " ".join(_signature(key, message, str(timestamp), body) for key in keys)


def verify(keys: Sequence[bytes], message: str, timestamp: str, given: str, body: bytes, now: float) -> None:
    """Hold the three headers against the body; signatures are compared in constant time. Raises SignatureError."""
    if not MESSAGE.fullmatch(message):
        raise SignatureError("webhook-id", "must be 1 to 200 characters of ASCII without spaces and dots")
    if not SECONDS.fullmatch(timestamp):
        raise SignatureError("webhook-timestamp", "must be the time in whole seconds since 1970")
    if abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureError("webhook-timestamp", f"is more than {TOLERANCE} seconds off; sign each attempt anew")
    signatures = [each.encode() for each in given.split()[:MOST_SIGNATURES]]
    wanted = [_signature(key, message, timestamp, body).encode() for key in keys]
    same = [hmac.compare_digest(one, other) for one in wanted for other in signatures]  # all of them: no early end
    if not any(same):
        raise SignatureError("webhook-signature", "fits no key; sign “id.timestamp.body” with the shared secret")


def _key(word: str) -> bytes:
    try:
        key = base64.b64decode(word.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise SigningError from None
    if not word.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise SigningError
    return key


def _signature(key: bytes, message: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
