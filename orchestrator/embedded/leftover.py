"""What a server that was killed has left in its folder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from orchestrator.embedded.errors import EmbeddedError

STATUS_LINE = 7  # of postmaster.pid, counted from 0
STEPS = ((5.0, signal.SIGINT), (20.0, signal.SIGQUIT), (5.0, signal.SIGKILL), (5.0, None))


def status(data: Path) -> tuple[int, str]:
    """The process that the pid file names and what it says of itself: `starting`, `ready`, `stopping`."""
    try:
        lines = _pid_file(data).read_text(encoding="utf-8").splitlines()
        return int(lines[0]), lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    except (OSError, ValueError, IndexError):
        return 0, ""


def end_server(data: Path) -> None:
    """Leave no server on these files: wait for one that is stopping, then stop it.

    A pid file of a dead process is left to PostgreSQL, which looks for children of it first. When the machine was
    restarted the pid may be another program's, at which PostgreSQL would not start; only then the file is removed.
    """
    pid, _ = status(data)
    for patience, number in STEPS:
        if _gone(pid, data, patience):
            if pid and _command_of(pid):
                _pid_file(data).unlink()
            return
        if number is not None:
            os.kill(pid, number)
    raise EmbeddedError(f"PostgreSQL (process {pid}) still runs on {data} and does not stop; end it first.")


def _gone(pid: int, data: Path, patience: float) -> bool:
    end = time.monotonic() + patience
    while pid and str(data) in _command_of(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _command_of(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    file = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace") if file.exists() else ""
    words = ["ps", "-o", "command=", "-p", str(pid)]
    asked = subprocess.run(words, capture_output=True, text=True)  # noqa: S603 - where there is no /proc
    return asked.stdout


def _pid_file(data: Path) -> Path:
    return data / "postmaster.pid"
