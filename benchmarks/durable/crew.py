"""Worker processes of a benchmark, on the same database, each with its own share of the work.

No module of the runtime may be imported here: a child imports this before it has set up Django.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import django
from celery import current_app
from django.db import connection

NOWHERE = "memory://localhost"
MEMBERS = 2  # as many as L has connections
Answer = TypeVar("Answer")


def address() -> str:
    """DATABASE_URL of the database which this process uses now."""
    used = connection.settings_dict
    user, password = quote(used["USER"]), quote(used["PASSWORD"], safe="")
    return f"postgres://{user}:{password}@{used['HOST']}:{used['PORT']}/{used['NAME']}"


class Crew:
    """Processes that stay alive over several runs; a with statement starts and ends them.

    Without `broker` their hints go nowhere.
    """

    def __init__(self, broker: str = NOWHERE, size: int = MEMBERS) -> None:
        spawn = multiprocessing.get_context("spawn")
        given = (address(), broker)
        self._members = [ProcessPoolExecutor(1, spawn, _prepare, given) for _ in range(size)]

    def __enter__(self) -> Crew:
        self.run(_ready, [()] * len(self._members))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._members:
            member.shutdown(cancel_futures=True)

    def run(self, work: Callable[..., Answer], shares: Sequence[tuple[Any, ...]]) -> tuple[list[Answer], float]:
        """What each member answered for its share, and how many seconds all took together."""
        begun = time.perf_counter()
        running = [member.submit(work, *share) for member, share in zip(self._members, shares, strict=True)]
        answers = [future.result() for future in running]
        return answers, time.perf_counter() - begun


def _prepare(database: str, broker: str) -> None:
    os.environ["DATABASE_URL"] = database
    django.setup()
    current_app.conf.update(broker_url=broker)


def _ready() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
