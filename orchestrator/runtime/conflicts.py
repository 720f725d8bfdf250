"""A transaction that PostgreSQL ended in favour of another one is done anew as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg
from django.db import OperationalError, connection

from orchestrator.runtime.store import Fenced

ATTEMPTS = 6
CONFLICTS = (Fenced, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

logger = logging.getLogger(__name__)

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def repeated(work: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Repeat work that is one transaction after a lost fence, a deadlock or a serialisation failure.

    Inside another transaction it runs once: only that one could be repeated.
    """

    @wraps(work)
    def repeating(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        for attempt in range(1, 1 if connection.in_atomic_block else ATTEMPTS):
            try:
                return work(*args, **kwargs)
            except (*CONFLICTS, OperationalError) as error:
                if not isinstance(error, CONFLICTS) and not isinstance(error.__cause__, CONFLICTS):
                    raise
                logger.info("%s tried anew after attempt %d: %s", work.__name__, attempt, error)
        return work(*args, **kwargs)

    return repeating
