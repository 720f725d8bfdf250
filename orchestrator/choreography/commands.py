"""What operators do to endpoints and deliveries."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from orchestrator.choreography.models import Delivery, Endpoint


def deliver_again(deliveries: QuerySet[Delivery]) -> int:
    """Let failed and skipped deliveries begin anew, with all their attempts; returns how many."""
    given_up = deliveries.filter(status__in=["failed", "skipped"])
    return given_up.update(status="pending", attempts=0, due=Now(), error="", done_at=None)


def try_now(endpoints: Iterable[Endpoint]) -> int:
    """End the pause of endpoints that could not be reached; returns how many were paused."""
    paused = Endpoint.objects.filter(pk__in=[each.pk for each in endpoints], paused_until__gt=Now())
    return paused.update(paused_until=None)
