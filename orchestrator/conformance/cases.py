"""Finding the cases of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path


def cases(folder: Path, pattern: str, only: str) -> Iterator[tuple[str, Path]]:
    """Files anywhere in the folder that match a pattern, by their path within it, in order; `only` is a glob over it.

    The glob may also name the file alone, or leave its ending out.
    """
    for path in sorted(folder.rglob(pattern)):
        name = path.relative_to(folder).as_posix()
        if any(fnmatch(shown, only) for shown in (name, path.name, path.stem)):
            yield name, path
