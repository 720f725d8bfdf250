"""Celery + Django + django-fsm-2 as a careful team would set them up: one task per event, pooled connections."""
