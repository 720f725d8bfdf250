"""Runs Graphviz on DOT text: the `dot` program when there is one, otherwise the build that comes with us."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from threading import Lock
from time import monotonic

from orchestrator.diagrams import v8
from orchestrator.diagrams.errors import LayoutBusy, LayoutFailed

if sys.platform == "linux":
    import resource

MEMORY = 1024 * 1024 * 1024  # bytes of address space for `dot`

_turn = Lock()


def lay_out(dot: str, seconds: float) -> str:
    """The layout as Graphviz `json0` text. One at a time per process: heavy charts must not take all of a machine."""
    deadline = monotonic() + seconds
    if not _turn.acquire(timeout=seconds):
        raise LayoutBusy("other diagrams took all the time")
    try:
        program = shutil.which("dot")
        left = max(0.05, deadline - monotonic())
        return run_program(program, dot, left) if program else v8.lay_out(dot, left)
    finally:
        _turn.release()


def run_program(program: str, dot: str, seconds: float) -> str:
    """The same through a `dot` program, which is killed at the time limit."""
    with subprocess.Popen(  # noqa: S603 - a fixed argument list; the DOT text goes to its input
        [program, "-Tjson0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        _bound(process.pid)
        try:
            answer, _ = process.communicate(dot, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise LayoutFailed(f"layout stopped after {seconds:.1f} s") from error
        finally:
            process.kill()
    if process.returncode != 0:
        raise LayoutFailed("the dot program failed")
    return answer


def _bound(pid: int) -> None:
    """Limit the memory of the child, where the system can do that from outside."""
    if sys.platform == "linux":
        try:
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        except ProcessLookupError:
            return


def _new_turn() -> None:
    """A forked child may have copied the lock while another thread held it."""
    global _turn
    _turn = Lock()


os.register_at_fork(after_in_child=_new_turn)
