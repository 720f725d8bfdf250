"""What others need for the same work: each in an environment and a database of its own, on the same server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from psycopg import sql

from benchmarks.durable.crew import address
from benchmarks.durable.redis import redis
from benchmarks.durable.scale import Scale
from benchmarks.measure import Absent, Figure, Wrong, figure

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "benchmarks" / "peers"
REQUIREMENTS = PROJECT / "requirements-peers.txt"
ENVIRONMENT = PROJECT / ".cache" / "peers"
PYTHON = ENVIRONMENT / "bin" / "python"
PATIENCE = 900  # seconds
TITLES = {
    "drain": ("steps/s", "steps which wait"),
    "one_row": ("events/s", "events sent one by one and received"),
    "bulk": ("events/s", "events sent in bulk and received"),
}

Rates = dict[str, float]


@dataclass(frozen=True, slots=True)
class Peers:
    """What each peer that is on this machine does a second, by the figure of ours it is compared with."""

    measured: dict[str, Rates]

    def rates(self, name: str) -> Rates:
        return {peer: rates[name] for peer, rates in self.measured.items() if name in rates}

    def figures(self) -> Iterator[Figure]:
        for peer, rates in self.measured.items():
            for name, value in rates.items():
                yield figure(f"{peer}_{name}", TITLES[name][0], [value], f"{peer}: {TITLES[name][1]}")


def measured(scale: Scale) -> Peers:
    """Run both peers. One that cannot be had here is told on stderr and left out."""
    found: dict[str, Rates] = {}
    try:
        _install()
        found["dbos"] = _run("dbos", ["dbos_peer.py", str(scale.peer_steps), str(scale.peer_events)])
        with redis() as broker:
            found["celery_fsm"] = _run("celery_fsm", ["-m", "celery_fsm.drive", str(scale.peer_steps)], broker)
    except Absent as absent:
        absent.tell()
    return Peers(found)


def _run(name: str, words: list[str], broker: str = "") -> Rates:
    with _database(f"peer_{name}") as database:
        values = {"PATH": os.environ["PATH"], "DATABASE_URL": database, "BROKER_URL": broker}
        command = [str(PYTHON), *words]
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


def _install() -> None:
    """Make the environment with what requirements-peers.txt names, unless it is there. Raises Absent."""
    made = ENVIRONMENT / REQUIREMENTS.name
    if made.exists() and made.read_bytes() == REQUIREMENTS.read_bytes():
        return
    print(f"Installing {REQUIREMENTS.name} into {ENVIRONMENT.relative_to(PROJECT)}", file=sys.stderr)
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS)]
    try:
        subprocess.run([str(PYTHON), *words], check=True)  # noqa: S603 - the words are ours
    except subprocess.CalledProcessError:
        raise Absent(f"the peers: {REQUIREMENTS.name} could not be installed; check the network") from None
    shutil.copyfile(REQUIREMENTS, made)
