"""Starting and ending child processes that never outlive this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from orchestrator.embedded import leash

LEASH = Path(leash.__file__)


def start(
    command: Sequence[str],
    *,
    death: signal.Signals,
    wrapper: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    output: int | IO[Any] = subprocess.DEVNULL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; `death` reaches it when this process ends. Call it in the main thread.

    The `wrapper` runs outside the leash: changing user makes the kernel forget what the leash asked for.
    """
    held = [sys.executable, "-I", "-S", str(LEASH), str(int(death)), str(os.getpid()), str(_pipe())]
    return subprocess.Popen(  # noqa: S603 - the words are ours
        [*wrapper, *held, *command],
        env=dict(environment) if environment is not None else None,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[_pipe()],
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], number: signal.Signals, patience: float) -> None:
    """Signal the process and wait; what has not ended after `patience` seconds is killed with its children."""
    ask(process, number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        kill_group(process)


def ask(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal, unless the process has ended."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and the children it has left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@lru_cache(maxsize=1)
def _pipe() -> int:
    """The reading end of a pipe whose writing end is never handed on: it closes exactly when this process ends."""
    reading, _ = os.pipe()
    return reading
