"""Celery tasks of the schedules: a thin shell."""

from __future__ import annotations

from celery import shared_task

from orchestrator.schedules.sweeping import sweep


@shared_task(name="schedules.sweep", ignore_result=True)
def schedules_sweep() -> None:
    """Start what is due."""
    sweep()
