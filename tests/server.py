"""One throw-away PostgreSQL for a whole test run, unless DATABASE_URL names a server."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from orchestrator.embedded.cluster import Cluster


def provide() -> None:
    """Set SIGNALBOX_VAR and DATABASE_URL; processes started by the tests, xdist's included, inherit them."""
    if "SIGNALBOX_VAR" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="signalbox-tests-", ignore_cleanup_errors=True)
        atexit.register(folder.cleanup)
        os.environ["SIGNALBOX_VAR"] = folder.name
    if "DATABASE_URL" not in os.environ:
        cluster = Cluster(Path(os.environ["SIGNALBOX_VAR"]) / "postgres")
        cluster.start()
        atexit.register(cluster.stop)  # the last registered runs first: before its folder is removed
        os.environ["DATABASE_URL"] = cluster.url
