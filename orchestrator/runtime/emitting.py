"""Events on their way out: a row of the outbox for each, stored with the step that emitted it."""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from django.conf import settings

from orchestrator.runtime.models import SHARDS
from orchestrator.runtime.writes import OutboxWrite
from orchestrator.statechart.effects import Emit
from orchestrator.statechart.jsontext import dumps


def bucket_of(key: str) -> int:
    """The bucket that keeps events of this key in order."""
    return crc32(key.encode(errors="surrogatepass")) % SHARDS


def emitted(instance: int, key: str, step: int, effect: Emit, before: str, now: datetime) -> OutboxWrite:
    """The row of an emitted event; its id counts on from the one before when both are of the same step.

    The same batch planned anew gives the same ids, so that a receiver knows an event it has seen.
    """
    prefix = f"{instance}-{step}-"
    number = int(before.removeprefix(prefix)) + 1 if before.startswith(prefix) else 1
    kept = effect.key or key
    data = dumps(effect.data)
    source, name = f"{settings.BASE_URL}/instances/{instance}", f"{prefix}{number}"
    return OutboxWrite(instance, bucket_of(kept), effect.topic, effect.event, data, kept, source, name, now)
