"""One user of a folder at a time. The kernel drops the lock when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from orchestrator.embedded.errors import EmbeddedError

PATIENCE = 1.0  # seconds; a look at the lock holds it for an instant


class FolderLock:
    """Hold `path` for the length of a with statement; `purpose` is what others are told meanwhile."""

    def __init__(self, path: Path, purpose: str) -> None:
        self._path = path
        self._purpose = purpose
        self._file = -1

    def __enter__(self) -> FolderLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        end = time.monotonic() + PATIENCE
        while not _taken(self._file, fcntl.LOCK_EX):
            if time.monotonic() > end:
                os.close(self._file)
                raise EmbeddedError(f"{holder(self._path)}; stop it first.")
            time.sleep(0.02)
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{self._purpose} (process {os.getpid()})".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._file, 0)
        os.close(self._file)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _taken(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def holder(path: Path) -> str:
    """Who holds the lock, as the beginning of a sentence."""
    told = path.read_text(encoding="utf-8")
    return told or f"Another process uses {path.parent}"


def _taken(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
