"""As whom PostgreSQL runs. It refuses to run as root, so root lends it another identity."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from orchestrator.embedded.errors import EmbeddedError

NOBODY = 65534


def wrapper_for(folder: Path, program: Path) -> list[str]:
    """What to put before PostgreSQL's commands so that they may run and write in the folder; it becomes theirs."""
    owner = folder.stat().st_uid
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise EmbeddedError(f"The folder {folder} belongs to {_name(owner)}; run as {_name(owner)}.")
        return []
    if owner == 0 and _works(lent := _namespace(), folder, program):
        return lent
    for user in [owner] if owner else [_project_owner(), NOBODY]:
        if user and _works(changed := _other_user(user), folder, program, owner=user):
            return changed
    raise EmbeddedError(
        f"PostgreSQL does not run as root and no other user reaches {folder}; "
        "run as an ordinary user, or set SIGNALBOX_VAR to a folder that others may enter."
    )


def _namespace() -> list[str]:
    """In a user namespace the files stay root's, but PostgreSQL sees itself as nobody."""
    return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]


def _other_user(user: int) -> list[str]:
    try:
        group = pwd.getpwuid(user).pw_gid
    except KeyError:
        group = user
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]


def _works(wrapper: list[str], folder: Path, program: Path, owner: int | None = None) -> bool:
    if shutil.which(wrapper[0]) is None:
        return False
    before = folder.stat().st_uid
    if owner is not None:
        os.chown(folder, owner, -1)
    probe = [*wrapper, "sh", "-c", 'test -w "$1" && exec "$2" --version', "sh", str(folder), str(program)]
    done = subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603 - the words are ours
    if done.returncode != 0 and owner is not None:
        os.chown(folder, before, -1)
    return done.returncode == 0


def _project_owner() -> int:
    return Path(__file__).stat().st_uid


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
