"""The Celery application. Settings import it, so that wherever Django is set up the hints find their broker."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from celery.signals import worker_process_init
from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from kombu.transport import TRANSPORT_ALIASES

from orchestrator.embedded.broker import ensure_queue
from orchestrator.embedded.leash import die_with_parent

MANAGER = os.getpid()  # of a worker's children: they are forked from the process that loaded this
REUSED = 10**9  # tasks: Celery would close the pool, with all that was planned in it, around each
MOST_WAITING = 4  # sweeps in the broker at which beat sends no more

logger = logging.getLogger(__name__)

TRANSPORT_ALIASES["pgmq"] = "orchestrator.embedded.queue:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
app = Celery("signalbox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf["CELERY_DB_REUSE_MAX"] = REUSED
app.autodiscover_tasks()
app.set_default()  # current_app belongs to one thread otherwise, and the web process has several


class SweepScheduler(Scheduler):
    """Beat's schedule, kept in memory: sweeps have no history. While no worker takes them, no pile of them grows."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        try:
            waiting = self._waiting(str((entry.options or {})["queue"]))
        except Exception as error:
            logger.warning("no sweep sent, the next one will be: %s", error)
            return
        if waiting < MOST_WAITING:
            super().apply_entry(entry, producer)

    def _waiting(self, queue: str) -> int:
        with self.connection.channel() as channel:
            # Not a passive look: for Redis a queue that is empty does not exist.
            declared: Any = self.app.amqp.queues[queue].bind(channel).queue_declare()
            return int(declared.message_count)


@worker_process_init.connect
def leave_no_orphan(**_: Any) -> None:
    """A worker's child does not wait for work that a killed parent can no longer hand to it."""
    die_with_parent(signal.SIGKILL, MANAGER)


@receiver(post_migrate)
def make_queue(app_config: AppConfig, using: str, **_: Any) -> None:
    """Where the database carries the hints, its queue comes with the tables."""
    if app_config.label == "runtime" and str(app.conf.broker_url).startswith("pgmq:"):
        with connections[using].cursor() as cursor:
            ensure_queue(cursor.connection)
