"""One sweep of the alerts: group, then send. Safe to run twice at once, or late."""

from __future__ import annotations

from orchestrator.alerts.delivery import Delivered, deliver
from orchestrator.alerts.grouping import Collected, collect


def sweep() -> tuple[Collected, Delivered]:
    """Group what is new and send what is due."""
    return collect(), deliver()
