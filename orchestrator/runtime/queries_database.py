"""How PostgreSQL itself is doing, for the health strip."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """`answer` is the seconds which one query took from here; `connections` of at most `limit` are in use."""

    connections: int
    limit: int
    answer: float


def database_health() -> DatabaseHealth:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(numbackends), current_setting('max_connections')::int FROM pg_stat_database")
        row = cursor.fetchone()
    return DatabaseHealth(connections=int(row[0] or 0), limit=int(row[1]), answer=time.perf_counter() - started)
