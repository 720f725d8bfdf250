"""Celery tasks of the choreography: thin shells."""

from __future__ import annotations

from celery import shared_task

from orchestrator.choreography import delivering, sweeping


@shared_task(name="choreography.sweep", ignore_result=True)
def sweep() -> None:
    """Route what waits and hint at the endpoints."""
    sweeping.sweep()


@shared_task(name="choreography.serve", ignore_result=True)
def serve(endpoint: int) -> None:
    """Hand over what is due of an endpoint."""
    delivering.serve(endpoint)
