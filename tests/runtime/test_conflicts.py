"""Transactions that lost a conflict are repeated as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import OperationalError, transaction

from orchestrator.runtime.conflicts import ATTEMPTS, repeated
from orchestrator.runtime.store import Fenced

pytestmark = pytest.mark.django_db(transaction=True)


def _failing(errors: Iterator[Exception]) -> Callable[[], str]:
    @repeated
    def work() -> str:
        for error in errors:
            raise error
        return "done"

    return work


def _wrapped(cause: Exception) -> Exception:
    """As Django raises what psycopg did."""
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        Fenced("moved"),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.SerializationFailure(),
        _wrapped(psycopg.errors.DeadlockDetected()),
    ],
)
def test_a_conflict_is_tried_again_until_the_attempts_are_used_up(error: Exception) -> None:
    assert _failing(iter([error] * (ATTEMPTS - 1)))() == "done"
    with pytest.raises(type(error)):
        _failing(iter([error] * ATTEMPTS))()


def test_another_error_is_not_tried_again() -> None:
    errors = iter([_wrapped(psycopg.errors.AdminShutdown()), Fenced("moved")])
    with pytest.raises(OperationalError):
        _failing(errors)()
    assert isinstance(next(errors), Fenced)


def test_inside_another_transaction_nothing_is_repeated() -> None:
    with pytest.raises(Fenced), transaction.atomic():
        _failing(iter([Fenced("moved")]))()
