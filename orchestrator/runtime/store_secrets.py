"""The locks that keep a new value and a change of keys apart: none is encrypted with a key that is about to go."""

from __future__ import annotations

from orchestrator.runtime.store import Cursor

# Values may be written, though not while the keys change.
_WRITING = "LOCK TABLE runtime_secret IN ROW EXCLUSIVE MODE"

# The keys change; who wants to write waits.
_ROTATING = "LOCK TABLE runtime_secret IN SHARE ROW EXCLUSIVE MODE"


def writing(cursor: Cursor) -> None:
    cursor.execute(_WRITING)


def rotating(cursor: Cursor) -> None:
    cursor.execute(_ROTATING)
