"""From the outbox to the endpoints: each event is held against its topic and becomes a delivery for all who hear it.

Events of one key lie in one bucket, which one router at a time is on, so that their deliveries have their order.
"""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction

from orchestrator.choreography import store
from orchestrator.choreography.models import Endpoint
from orchestrator.choreography.patterns import matches
from orchestrator.choreography.registry import rules_for

SHARE = 200  # events of one bucket in one transaction


def route() -> int:
    """Route a portion of what waits; returns how many events that were."""
    with transaction.atomic():
        found = store.unrouted(SHARE)
        if not found:
            return 0
        topics = {event.topic for _, event in found}
        rules, hearers = rules_for(topics), _hearers(topics)
        refusals = [(pk, rules.problem(event.topic, event.type, event.data)) for pk, event in found]
        deliveries = [
            (pk, endpoint, event.key)
            for (pk, event), (_, refusal) in zip(found, refusals, strict=True)
            if not refusal
            for endpoint, pattern in hearers[event.topic]
            if matches(pattern, event.type)
        ]
        store.route(deliveries, refusals)
    return len(found)


def _hearers(topics: set[str]) -> defaultdict[str, list[tuple[int, str]]]:
    """Id and pattern of the endpoints of each topic."""
    found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    hearing = Endpoint.objects.filter(topic__name__in=topics, direction="out", active=True).order_by("pk")
    for topic, pk, pattern in hearing.values_list("topic__name", "pk", "pattern"):
        found[topic].append((pk, pattern))
    return found
