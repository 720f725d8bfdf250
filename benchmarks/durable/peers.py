"""What others need for the same work: each in the environment and database of its own, on the same server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from psycopg import sql

from benchmarks.durable.crew import address
from benchmarks.durable.redis import redis
from benchmarks.measure import Wrong

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "benchmarks" / "peers"
REQUIREMENTS = PROJECT / "requirements-peers.txt"
ENVIRONMENT = PROJECT / ".cache" / "peers"
PATIENCE = 900  # seconds

Rates = dict[str, float]


def celery_fsm(events: int) -> Rates:
    """Transitions a second of Celery with Django and django-fsm-2."""
    with redis() as broker:
        return _measured("celery_fsm", ["-m", "celery_fsm.drive", str(events)], broker)


def dbos(steps: int, events: int) -> Rates:
    """Steps, and events sent and received, of DBOS a second."""
    return _measured("dbos", ["dbos_peer.py", str(steps), str(events)])


def _measured(name: str, words: list[str], broker: str = "") -> Rates:
    with _database(f"peer_{name}") as database:
        values = {"PATH": os.environ["PATH"], "DATABASE_URL": database, "BROKER_URL": broker}
        command = [str(_python()), *words]
        done = subprocess.run(  # noqa: S603 - the words are ours
            command, cwd=FOLDER, env=values, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    if done.returncode:
        raise Wrong(f"the peer {name} failed: {done.stderr[-2000:]}")
    rates: Rates = json.loads(done.stdout.splitlines()[-1])
    return rates


@contextmanager
def _database(name: str) -> Iterator[str]:
    """An empty database beside ours."""
    dropped = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with connection.cursor() as cursor:
        cursor.execute(dropped)
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield f"{address().rsplit('/', 1)[0]}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(dropped)


def _python() -> Path:
    """The interpreter of an environment with what requirements-peers.txt names, made when it is first needed."""
    python, made = ENVIRONMENT / "bin" / "python", ENVIRONMENT / REQUIREMENTS.name
    if not (made.exists() and made.read_bytes() == REQUIREMENTS.read_bytes()):
        print(f"Installing {REQUIREMENTS.name} into {ENVIRONMENT.relative_to(PROJECT)}", file=sys.stderr)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS)]
        subprocess.run([str(python), *words], check=True)  # noqa: S603 - the words are ours
        shutil.copyfile(REQUIREMENTS, made)
    return python
