"""Archive files: gzipped JSON Lines in Django's storage "archive", on disk before anything they hold is removed."""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages

FOLDER_OF = 1_000_000  # instances whose files share a folder
IN_MEMORY = 4_000_000  # bytes of a file that are put together in memory


class DurableStorage(FileSystemStorage):
    """Files that survive a loss of power once they are saved."""

    def _save(self, name: str, content: Any) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]
        path = Path(self.path(saved))
        for place in (path, *(folder for folder in path.parents if folder.is_relative_to(self.location))):
            _sync(place)
        return saved


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(instances: list[int], lines: Iterable[str]) -> str:
    """Store the lines; returns the file's name, which follows from its content, so that a repeat finds its file."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
        digest = hashlib.sha256()
        with gzip.GzipFile(filename="", mode="wb", fileobj=spool, mtime=0) as packed:
            for line in lines:
                encoded = line.encode() + b"\n"
                digest.update(encoded)
                packed.write(encoded)
        folder = f"{instances[0] // FOLDER_OF:06d}"
        name = f"{folder}/{instances[0]}-{instances[-1]}-{digest.hexdigest()[:16]}.jsonl.gz"
        return _kept(name, spool)


def _kept(name: str, spool: IO[bytes]) -> str:
    """A file of this name that was cut off by a crash is written anew."""
    storage = storages["archive"]
    if storage.exists(name):
        storage.delete(name)
    spool.seek(0)
    return storage.save(name, File(spool))


def read(name: str) -> Iterator[str]:
    """The lines of a file. Raises OSError when it is gone or damaged."""
    try:
        with storages["archive"].open(name) as file, gzip.open(file, "rt", encoding="utf-8") as text:
            yield from text
    except EOFError as error:
        raise OSError(f"{name} ends too early") from error
