"""The processes which are Signalbox, as commands."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.embedded.ports import LOOPBACK
from orchestrator.embedded.supervisor import Service

THREADS = 4  # of the web process, each with a connection of the pool
GRANIAN = (
    *("--interface", "wsgi", "--host", LOOPBACK, "--workers", "1", "--blocking-threads", str(THREADS)),
    *("--no-ws", "--log-level", "warning", "--workers-kill-timeout", "5"),
)
ROOT = ("-W", "ignore:You're running the worker with superuser")  # only JSON is accepted, which is no danger to root
CELERY = ("--app", "orchestrator.celery", "--quiet")
WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")


def services(folder: Path, port: int, environment: Mapping[str, str]) -> list[Service]:
    """Web, worker and beat. A worker that loses its manager is killed: its work is in the database."""
    values = {**environment, "PYTHONUNBUFFERED": "1"}

    def service(name: str, *words: str, death: signal.Signals = signal.SIGTERM) -> Service:
        return Service(name, [sys.executable, *words], values, folder, death)

    return [
        service("web", "-m", "granian", *GRANIAN, "--port", str(port), "orchestrator.wsgi:application"),
        service("worker", *ROOT, "-m", "celery", *CELERY, "worker", *WORKER, death=signal.SIGKILL),
        service("beat", "-m", "celery", *CELERY, "beat", "--loglevel", "WARNING", "--pidfile", ""),
    ]


def answers(port: int) -> Callable[[], bool]:
    """A look whether the web process takes requests."""

    def look() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return look
