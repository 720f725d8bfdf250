"""Small private files under `var/`: complete or not at all, and for their owner's eyes only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from orchestrator.embedded.errors import EmbeddedError


def write_private(path: Path, text: str) -> None:
    """Write beside and rename, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.rename(path)


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The secret of this file, made at the first call; of two processes that make it at once one wins for both."""
    try:
        if not path.exists():
            _make(path, make())
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EmbeddedError(
            f"{path} cannot be used ({error.strerror}); run as the folder's owner, or set SIGNALBOX_VAR to another."
        ) from None


def _make(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_private(fresh, text)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
