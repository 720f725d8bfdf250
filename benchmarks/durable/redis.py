"""A Redis of its own for as long as a benchmark needs it."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from benchmarks.measure import Absent, Wrong
from orchestrator.embedded import processes
from orchestrator.embedded.ports import LOOPBACK, free_port

PATIENCE = 20.0  # seconds


@contextmanager
def redis() -> Iterator[str]:
    """The address of an empty server which keeps nothing on disk. Raises Absent, or Wrong when it does not start."""
    if not shutil.which("redis-server"):
        raise Absent("what needs Redis: redis-server is not installed; apt-get install redis-server")
    port = free_port()
    words = ("--bind", LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no")
    with tempfile.TemporaryDirectory(prefix="signalbox-redis-") as folder:
        process = processes.start(["redis-server", *words], death=signal.SIGTERM, folder=Path(folder))
        try:
            _wait_for(port)
            yield f"redis://{LOOPBACK}:{port}/0"
        finally:
            processes.end(process, signal.SIGTERM, PATIENCE)


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    with Redis(LOOPBACK, port) as client:
        while time.monotonic() < until:
            try:
                client.ping()
                return
            except NotYet:
                time.sleep(0.05)
    raise Wrong("redis-server did not start")
