"""Making the files of a PostgreSQL server, once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.installation import program


def make(data: Path, *, user: str, password_file: Path, wrapper: Sequence[str]) -> None:
    """Make the files under another name first: half a database is never taken for a whole one."""
    unfinished = data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        *wrapper,
        *(str(program("initdb")), "--pgdata", str(unfinished), "--username", user, "--pwfile", str(password_file)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8"),
        *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),  # the same on every system
    ]
    done = subprocess.run(  # noqa: S603 - the words are ours
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=data.parent
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not be set up in {data.parent}: {last_line(done.stderr)}")
    unfinished.rename(data)


def give(path: Path) -> None:
    """Let the owner of the folder own the file, where root works for somebody else."""
    if os.geteuid() == 0:
        os.chown(path, path.parent.stat().st_uid, -1)


def last_line(text: str) -> str:
    """The last thing a program said."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing."
