"""`python -m orchestrator.embedded run [--temporary] -- COMMAND...`: run a command with DATABASE_URL set.

The address is that of the environment, else of the Signalbox that runs in this folder, else of an embedded server which
is started for as long as the command takes: the folder's own, or with --temporary an empty one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from orchestrator.embedded import running
from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.foreground import call
from orchestrator.embedded.lock import FolderLock

PROJECT = Path(__file__).resolve().parents[2]


def main(words: Sequence[str]) -> int:
    given = _parse(words)
    try:
        with ExitStack() as stack:
            return call(given.command, _environment(stack, temporary=given.temporary))
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.embedded", description=__doc__)
    run = parser.add_subparsers(required=True).add_parser("run", help="run a command with a database")
    run.add_argument("--temporary", action="store_true", help="an empty server, removed afterwards")
    run.add_argument("command", nargs="+", help="the command, after --")
    return parser.parse_args(words)


def _environment(stack: ExitStack, *, temporary: bool) -> dict[str, str]:
    var = Path(os.environ.get("SIGNALBOX_VAR") or PROJECT / "var").absolute()
    if temporary:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="signalbox-", ignore_cleanup_errors=True)))
    elif os.environ.get("DATABASE_URL"):
        return dict(os.environ)
    elif found := running.environment(var):
        return {**found, **os.environ}
    stack.enter_context(FolderLock(running.lock_path(var), "The embedded PostgreSQL of this folder serves a command"))
    cluster = stack.enter_context(Cluster(var / "postgres"))
    return {**os.environ, "SIGNALBOX_VAR": str(var), "DATABASE_URL": cluster.url}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
