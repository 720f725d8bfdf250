"""Signs of life by the database clock: a worker that lost its broker in silence is seen here, and only here."""

from __future__ import annotations

import logging
import os
import socket
import threading

import psycopg
from django.db import connection

from orchestrator.environment import conninfo

INTERVAL = 5.0
FORGOTTEN = 3600  # seconds after which a silent name is dropped

# Say that this process lives.
_BEAT = """
INSERT INTO runtime_heartbeat (name, kind, seen_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, seen_at = excluded.seen_at"""

# Forget processes which have been gone for long.
_FORGET = "DELETE FROM runtime_heartbeat WHERE seen_at < now() - %s * interval '1 second'"

# A process that stops in good order takes its name along.
_LEAVE = "DELETE FROM runtime_heartbeat WHERE name = %s"

logger = logging.getLogger(__name__)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:200]


def beat() -> None:
    """Beat's sign of life, written by the worker that received beat's message."""
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, ["beat", "beat"])
        cursor.execute(_FORGET, [FORGOTTEN])


class WorkerHeartbeat:
    """A thread which writes the worker's sign of life on a short connection of its own, outside any pool."""

    def __init__(self) -> None:
        self.first = threading.Event()  # set when the first sign was written or failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write no more and take the name out."""
        self._stop.set()
        self._thread.join(INTERVAL)
        self._execute(_LEAVE, [worker_name()])

    def _run(self) -> None:
        while True:
            self._execute(_BEAT, [worker_name(), "worker"])
            self.first.set()
            if self._stop.wait(INTERVAL):
                return

    def _execute(self, statement: str, params: list[str]) -> None:
        try:
            with psycopg.connect(conninfo(connection.settings_dict), connect_timeout=3, autocommit=True) as own:
                own.execute(statement, params)
        except psycopg.Error as error:
            logger.warning("no heartbeat written: %s", error)
