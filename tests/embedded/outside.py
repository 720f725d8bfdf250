"""Signalbox as somebody at a shell meets it: processes, their ends, and what they print."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator.embedded.ports import free_port
from tests.support import wait_for

ROOT = Path(__file__).parents[2]
OURS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORT", "DJANGO_SETTINGS_MODULE", "SIGNALBOX_VAR", "BASE_URL")


def environment(var: Path, **more: str) -> dict[str, str]:
    """A shell in which nothing of Signalbox is set but its folder."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "SIGNALBOX_VAR": str(var), "PYTHONUNBUFFERED": "1", **more}


def run(*words: str, var: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment(var, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Up:
    """A running `manage.py up`; what it prints goes to a file."""

    def __init__(self, var: Path, **more: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._output = var / "printed"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=environment(var, PORT=str(self.port), **more),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        return self._output.read_text()

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body; status 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, {}, ""
        finally:
            connection.close()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.printed
        return self.get("/readyz")[0] == 200 and "Ctrl-C" in self.printed

    def await_ready(self) -> None:
        wait_for(self.is_ready, "ready", 90)

    def checks(self) -> Mapping[str, bool]:
        lines = [json.loads(line) for line in self.get("/readyz")[2].splitlines()]
        return {line["check"]: line["ok"] for line in lines}

    def interrupt(self) -> int:
        """Ctrl-C, and its exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def up(var: Path, **more: str) -> Iterator[Up]:
    """A ready `manage.py up` that is gone afterwards whatever happened."""
    running = Up(var, **more)
    try:
        running.await_ready()
        yield running
    finally:
        family = descendants(running.process.pid)
        if running.process.poll() is None:
            running.interrupt()
        wait_for(lambda: not any(map(lives, family)), "all processes gone")


def descendants(pid: int) -> set[int]:
    """The process and whatever stems from it."""
    parents = _parents()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def children(pid: int) -> set[int]:
    return {child for child, parent in _parents().items() if parent == pid}


def _parents() -> dict[int, int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return {int(child): int(parent) for child, parent in map(str.split, listed.splitlines())}


def command_of(pid: int) -> str:
    """How the process was called, empty when it is gone."""
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def lives(pid: int) -> bool:
    """Whether the process runs; one that only waits to be counted by its parent does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
