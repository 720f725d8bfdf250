"""The kinds of targets: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.choreography.models import Bridge, Subscription, Webhook
from orchestrator.choreography.targets import bridge, subscription, webhook
from orchestrator.choreography.targets.base import Target

TARGETS: Mapping[str, Target[Any]] = {
    "subscription": Target(Subscription, subscription.deliver, most=500, in_transaction=True),
    "bridge": Target(Bridge, bridge.deliver, most=bridge.MOST, receive=bridge.receive),
    "webhook": Target(Webhook, webhook.deliver, most=webhook.MOST),
}
