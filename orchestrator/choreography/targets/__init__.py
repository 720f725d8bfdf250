"""The kinds of targets: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.choreography.models import Subscription, Webhook
from orchestrator.choreography.targets import subscription, webhook
from orchestrator.choreography.targets.base import Target

TARGETS: Mapping[str, Target[Any]] = {
    "subscription": Target(Subscription, subscription.deliver, most=500, in_transaction=True),
    "webhook": Target(Webhook, webhook.deliver, most=webhook.MOST),
}
