"""Real processes of Signalbox on the benchmark's database: workers, and the web process for what comes over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.durable.crew import address
from benchmarks.measure import Wrong
from orchestrator.embedded import processes
from orchestrator.embedded.ports import LOOPBACK, free_port
from orchestrator.embedded.services import answers, services
from orchestrator.runtime.models import Heartbeat

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds
STOPPING = 15.0


@contextmanager
def site(*names: str, redis: str = "") -> Iterator[str]:
    """The address of a site of which these services run; its hints go through Redis, or else through PostgreSQL."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    Heartbeat.objects.all().delete()
    with tempfile.TemporaryDirectory(prefix="signalbox-bench-") as folder:
        values = {**os.environ, "DATABASE_URL": address(), "REDIS_URL": redis, "BASE_URL": url, "SIGNALBOX_VAR": folder}
        running = [
            processes.start(
                service.command, death=service.death, environment=service.environment, output=log, folder=PROJECT
            )
            for log in [(Path(folder) / "log").open("ab")]
            for service in services(PROJECT, port, values)
            if service.name in names
        ]
        try:
            workers = sum(name in ("worker", "effects") for name in names)
            _await(lambda: Heartbeat.objects.count() >= workers, "the workers are ready")
            _await(lambda: "web" not in names or answers(port)(), "the web process answers")
            yield url
        finally:
            _end(running)


def _await(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise Wrong(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.05)


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        processes.ask(process, signal.SIGTERM)
    for process in running:
        processes.end(process, signal.SIGTERM, STOPPING)
