"""What a hurt process imports as one of its ACTIVITY_MODULES: the points, short leases, harmful callables."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path
from threading import Event

from orchestrator.runtime import perform
from orchestrator.sdk.activities import activity
from orchestrator.statechart.definition import JSON
from tests.chaos.points import install

if control := os.environ.get("CHAOS_CONTROL"):
    install(Path(control))
if os.environ.get("FAKETIME"):
    time.sleep = lambda seconds: Event().wait(float(seconds))  # type: ignore[assignment] # faketime breaks the real one
perform.LEASE = float(os.environ.get("CHAOS_LEASE", perform.LEASE))
perform.HEARTBEAT = perform.LEASE / 3


@activity("chaos.die")
def die() -> JSON:
    """What the kernel does to a process that took all the memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return None


@activity("chaos.eat")
def eat() -> JSON:
    """Want more memory than this process may have."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2 * _size(), before[1]))
    try:
        return len(bytearray(4 * _size()))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _size() -> int:
    """Bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
