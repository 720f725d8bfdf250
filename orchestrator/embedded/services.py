"""The processes which are Signalbox, as commands."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.embedded.ports import LOOPBACK
from orchestrator.embedded.supervisor import Service

EFFECTS = "2"  # processes for activities and mail
THREADS = 4  # of the web process, each with a connection of the pool
GRANIAN = (
    *("--interface", "wsgi", "--host", LOOPBACK, "--workers", "1", "--blocking-threads", str(THREADS)),
    *("--no-ws", "--log-level", "warning", "--workers-kill-timeout", "5"),
)
ROOT = ("-W", "ignore:You're running the worker with superuser")  # only JSON is accepted, which is no danger to root
CELERY = ("--app", "orchestrator.celery", "--quiet")
WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")


def worker(name: str, queues: str, concurrency: str = "") -> tuple[str, ...]:
    """The command of a Celery worker which takes these queues."""
    several = ("--concurrency", concurrency) if concurrency else ()
    return (*ROOT, "-m", "celery", *CELERY, "worker", *WORKER, "--hostname", f"{name}@%h", "--queues", queues, *several)


def services(folder: Path, port: int, environment: Mapping[str, str]) -> list[Service]:
    """Web, beat, and two workers: one applies events, one runs their effects and sends mail.

    A worker that loses its manager is killed: its work is in the database.
    """
    values = {**environment, "PYTHONUNBUFFERED": "1"}
    effects = environment.get("EFFECTS_CONCURRENCY") or EFFECTS

    def service(name: str, *words: str, death: signal.Signals = signal.SIGTERM) -> Service:
        return Service(name, [sys.executable, *words], values, folder, death)

    return [
        service("web", "-m", "granian", *GRANIAN, "--port", str(port), "orchestrator.wsgi:application"),
        service("worker", *worker("worker", "celery,sweep"), death=signal.SIGKILL),
        service("effects", *worker("effects", "effects,alerts", effects), death=signal.SIGKILL),
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
