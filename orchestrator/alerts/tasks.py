"""Celery tasks of the alerts: a thin shell."""

from __future__ import annotations

from celery import shared_task

from orchestrator.alerts.sweeping import sweep


@shared_task(name="alerts.sweep", ignore_result=True)
def alerts_sweep() -> None:
    """Group incidents and send pending alerts."""
    sweep()
