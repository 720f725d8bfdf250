"""Is a service there? Asked once before everything starts, because a pool would only say that it waited."""

from __future__ import annotations

import psycopg

from orchestrator.embedded.errors import EmbeddedError

PATIENCE = 5  # seconds


def check_database(conninfo: str) -> None:
    """Raises EmbeddedError with the reason in a sentence."""
    try:
        psycopg.connect(conninfo, connect_timeout=PATIENCE).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        raise EmbeddedError(
            f"The database cannot be reached ({reason}); check DATABASE_URL and that the server runs."
        ) from None
