"""Is the process up, and is everything there that it needs? One JSON line per check."""

from __future__ import annotations

import json
from dataclasses import dataclass

import psycopg
from celery import current_app
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse

from orchestrator.runtime import queries

BROKER_TIMEOUT = 2  # seconds
SILENCE = 60.0  # seconds after which a worker or beat counts as gone


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    message: str

    def line(self) -> str:
        return json.dumps({"check": self.name, "ok": self.ok, "message": self.message}, ensure_ascii=False)


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return _answer([Check("process", True, "The web process is up.")])


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when work is accepted and applied; 503 naming what is missing."""
    return _answer([*_database_checks(), _broker()])


def _answer(checks: list[Check]) -> HttpResponse:
    body = "".join(check.line() + "\n" for check in checks)
    status = 200 if all(check.ok for check in checks) else 503
    response = HttpResponse(body, status=status, content_type="application/x-ndjson")
    response["Cache-Control"] = "no-store"
    return response


def _database_checks() -> list[Check]:
    try:
        health = queries.health()
    except (DatabaseError, InterfaceError, psycopg.Error):
        unknown = "Cannot be known without the database."
        return [
            Check("database", False, "The database does not answer; check DATABASE_URL and that it is running."),
            Check("worker", False, unknown),
            Check("beat", False, unknown),
        ]
    return [
        Check("database", True, f"{health.pending} inputs wait, {health.overdue_timers} timers are due."),
        _heartbeat("worker", health.worker_age, "Start a Celery worker."),
        _heartbeat("beat", health.beat_age, "Start Celery beat."),
    ]


def _heartbeat(name: str, age: float | None, mend: str) -> Check:
    if age is None:
        return Check(name, False, f"No sign of life yet. {mend}")
    if age > SILENCE:
        return Check(name, False, f"Silent for {age:.0f} s. {mend}")
    return Check(name, True, f"Last sign of life {age:.0f} s ago.")


def _broker() -> Check:
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT) as connection:
            connection.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT)
    except Exception:
        return Check("broker", False, "The broker does not answer; check REDIS_URL and that it is running.")
    return Check("broker", True, "The broker answers.")
