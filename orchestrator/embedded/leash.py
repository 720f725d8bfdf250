"""`leash.py SIGNAL PARENT PIPE COMMAND...` becomes COMMAND and is signalled when its parent ends, even by kill -9.

It is run as a file by its path, so it imports nothing of ours. Linux tells the process itself. Elsewhere a guard beside
it reads a pipe whose other end only the parent holds, which closes when the parent ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
GRACE = 10.0  # seconds between the signal and SIGKILL
LOOK = 1.0  # seconds after which the guard looks whether its ward still lives


def main(given: list[str]) -> None:
    number, parent, pipe, command = int(given[0]), int(given[1]), int(given[2]), given[3:]
    if sys.platform == "linux" and not os.environ.get("SIGNALBOX_GUARD"):
        die_with_parent(number, parent)
        os.close(pipe)
    else:
        _set_guard(number, pipe)
    try:
        os.execvp(command[0], command)  # noqa: S606 - to become the command is what this is for
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}.")


def die_with_parent(number: int, parent: int) -> None:
    """Ask the kernel for this signal when the parent ends, and end if it already has; what was asked survives exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _set_guard(number: int, pipe: int) -> None:
    """Leave a guard which is nobody's child here, since the command may not expect one."""
    ward = os.getpid()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        if os.fork() == 0:
            _guard(ward, number, pipe)
        os._exit(0)
    os.waitpid(middle, 0)
    os.close(pipe)


def _guard(ward: int, number: int, pipe: int) -> None:
    for stream in range(3):
        os.close(stream)
    while not select.select([pipe], [], [], LOOK)[0]:
        if not _lives(ward):
            return
    _signal(ward, number)
    end = time.monotonic() + GRACE
    while number != signal.SIGKILL and _lives(ward) and time.monotonic() < end:
        time.sleep(0.05)
    with contextlib.suppress(OSError):
        os.killpg(ward, signal.SIGKILL)  # it leads a group, see processes.start


def _lives(pid: int) -> bool:
    return _signal(pid, 0)


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
