"""The health strip: is the engine alive, said in four cells."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.runtime.queries import Health
from orchestrator.runtime.queries_database import DatabaseHealth
from orchestrator.statechart.durations import humanise

LATE = 30.0  # seconds without a sign of life; workers and beat write one every few seconds
BUSY_QUEUE = 10_000
FULL = 0.8  # share of the database's connections in use


@dataclass(frozen=True, slots=True)
class HealthCell:
    icon: str
    title: str
    value: str
    note: str
    ok: bool


def health_cells(health: Health, database: DatabaseHealth) -> list[HealthCell]:
    return [_workers(health), _sweeps(health), _database(database), _queue(health)]


def _age(seconds: float | None) -> str:
    """Coarse on purpose, so that a healthy strip stays the same and is not sent again."""
    if seconds is None:
        return "never seen"
    return "last sign under 10 s ago" if seconds < 10 else f"last sign {humanise(seconds // 10 * 10)} ago"


def _workers(health: Health) -> HealthCell:
    alive = health.workers > 0 and (health.worker_age or 0) < LATE
    value = f"{health.workers} running" if alive else "none running"
    return HealthCell("zap", "Workers", value, _age(health.worker_age), alive)


def _sweeps(health: Health) -> HealthCell:
    alive = health.beat_age is not None and health.beat_age < LATE
    overdue = f"{health.overdue_timers:,} timers overdue"
    value = "on time" if alive else "stopped"
    return HealthCell(
        "clock", "Sweeps", value, overdue if alive else _age(health.beat_age), alive and health.overdue_timers < 100
    )


def _database(database: DatabaseHealth) -> HealthCell:
    quick = database.answer < 0.05
    room = database.connections < FULL * database.limit
    tenths = -(-10 * database.connections // max(1, database.limit))  # coarse, so that a healthy strip stays the same
    note = f"under {tenths * 10}% of {database.limit} connections"
    return HealthCell("database", "PostgreSQL", "answers at once" if quick else "slow", note, quick and room)


def _queue(health: Health) -> HealthCell:
    value = "empty" if health.pending == 0 else f"{health.pending:,} events"
    note = "all inputs applied" if health.pending == 0 else "wait to be applied"
    return HealthCell("inbox", "Queue", value, note, health.pending < BUSY_QUEUE)
