"""The queue inside PostgreSQL that carries hints where there is no Redis. Its SQL comes with the client's wheel."""

from __future__ import annotations

import psycopg
from pgmq.install import get_embedded_install_sql

from orchestrator.embedded.errors import EmbeddedError

LOCK = 0x5167_0001  # an advisory lock, so that of two processes one makes the tables


def ensure_queue(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the queue's tables and functions unless they are there, as an extension or by an earlier call."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        found = connection.execute("SELECT to_regclass('pgmq.meta') IS NOT NULL").fetchone()
        if found != (True,):
            _install(connection)


def _install(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    try:
        connection.execute(get_embedded_install_sql())
    except psycopg.errors.InsufficientPrivilege:
        raise EmbeddedError(
            "The database's user may not make the queue's schema; grant CREATE on the database, or set REDIS_URL."
        ) from None
