"""Outgoing webhooks: each event is posted as a CloudEvent under the headers of Standard Webhooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime

import httpx

from orchestrator.choreography.envelope import CONTENT_TYPE, digest, written
from orchestrator.choreography.models import Webhook
from orchestrator.choreography.signing import SigningError, keys_of, sign
from orchestrator.choreography.targets.base import DONE, Outcome, Report, Unreachable, one_by_one
from orchestrator.runtime import vault
from orchestrator.runtime.activities.guard import ForbiddenAddress, GuardedTransport
from orchestrator.runtime.activities.http import TRY_AGAIN
from orchestrator.runtime.requests import Published

MOST = 5  # events of one portion
TIMEOUT = 15.0  # seconds of silence
PORTION = MOST * TIMEOUT  # seconds that a portion may take in all, even from a host that answers drop by drop
MAX_ANSWER = 64 * 1024  # bytes that are read so that the connection can serve the next event
GONE = 410


def deliver(webhook: Webhook, events: Sequence[Published]) -> Report:
    """Post the events in order, over one connection where the host keeps it."""
    try:
        keys = keys_of(vault.opened_by_hand(webhook.secret_id))
    except (vault.VaultError, SigningError) as error:
        return Report({}, str(error))
    transport = GuardedTransport(time.monotonic() + PORTION)
    with httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        return one_by_one(events, lambda event: _send(client, webhook, keys, event))


def _send(client: httpx.Client, webhook: Webhook, keys: Sequence[bytes], event: Published) -> Outcome:
    """One attempt, signed anew with the time of now. Raises Unreachable."""
    body = written(event)
    try:
        with client.stream("POST", webhook.url, content=body, headers=_headers(keys, event, body)) as response:
            _pass_over(response)
            return _outcome(webhook, response)
    except ForbiddenAddress as error:
        raise Unreachable(str(error)) from error
    except httpx.TimeoutException as error:
        raise Unreachable(f"no answer within {TIMEOUT:g} s") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise Unreachable(f"the request cannot be sent: {error}") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"the host could not be reached: {error}") from error


def _headers(keys: Sequence[bytes], event: Published, body: bytes) -> dict[str, str]:
    """The id is the same in every attempt, so that a receiver can tell what it had already."""
    message, now = digest(event), int(time.time())
    return {
        "User-Agent": "Signalbox",
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(keys, message, now, body),
    }


def _pass_over(response: httpx.Response) -> None:
    """Read what follows the status, which alone counts, up to a bound."""
    size = 0
    with suppress(httpx.HTTPError):
        for part in response.iter_raw():
            size += len(part)
            if size > MAX_ANSWER:
                return


def _outcome(webhook: Webhook, response: httpx.Response) -> Outcome:
    """What the status says. Raises Unreachable when the receiver wants no more, and switches the webhook off."""
    status = response.status_code
    if 200 <= status < 300:
        return DONE
    said = f"the host answered {status}"
    if status == GONE:
        Webhook.objects.filter(pk=webhook.pk, url=webhook.url).update(active=False)
        raise Unreachable(f"{said}, so the webhook was switched off; its events wait")
    if status >= 500 or status in TRY_AGAIN:
        return Outcome("again", said, _asked_to_wait(response.headers.get("retry-after", "")))
    hint = "; redirects are not followed, use the final address" if status < 400 else ""
    return Outcome("failed", said + hint)


def _asked_to_wait(header: str) -> float:
    """The seconds of Retry-After, which is a number or a date; 0 for what is neither."""
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
