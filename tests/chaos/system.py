"""A whole Signalbox to be hurt: PostgreSQL with fsync, Redis, web, workers and beat, all real and all killable."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx
import psycopg
from psycopg.sql import SQL

from orchestrator.embedded import processes
from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.ports import free_port
from orchestrator.embedded.services import services
from tests.chaos.broker import Redis
from tests.chaos.points import Control
from tests.chaos.sinks import HttpSink, MailSink
from tests.chaos.victims import Victim
from tests.embedded.outside import ROOT, children, environment
from tests.support import wait_for

LEASE = 3.0  # seconds, a tenth of the real one: what waits for it is waited for hundreds of times here
SWEEP = 0.5  # seconds between two sweeps, half of the real time
MAIN = "signalbox"
APART = "apart"  # a database for what is driven by hand: no worker meddles there
ALL = ("web", "worker", "effects", "beat")
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
OURS = """SELECT i.id FROM runtime_instance i JOIN definitions_machine m ON m.id = i.machine_id WHERE m.slug = %s"""

# What still has to be done in good time.
WAITING = f"""SELECT (SELECT count(*) FROM runtime_inboxevent WHERE instance_id IN ({OURS}))
    + (SELECT count(*) FROM runtime_activityrun WHERE status IN ('pending', 'running') AND instance_id IN ({OURS}))
    + (SELECT count(*) FROM runtime_timer WHERE due <= now() AND instance_id IN ({OURS}))"""

Found = TypeVar("Found")


class System:
    """Start and end it by a with statement, in the main thread. What dies while it is awaited is started again."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.cluster = Cluster(var / "postgres")
        self.redis = Redis()
        self.port = free_port()
        self.secret = ""
        self.restarts: list[str] = []
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._more: dict[str, dict[str, str]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> System:
        stack = self._stack
        with contextlib.ExitStack() as undo:
            undo.push(stack)
            stack.enter_context(self.cluster)
            stack.enter_context(self.redis)
            self.http = HttpSink()
            stack.callback(self.http.stop)
            self.mail = MailSink(free_port())
            stack.callback(self.mail.stop)
            stack.callback(self.down, *ALL)
            self.victim, self.other = (
                stack.enter_context(Victim(self.var, name, self._values())) for name in ("victim", "other")
            )
            self.secret = self.victim.ask("prepare")
            self.copy(APART)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def publish(self, slug: str, document: dict[str, Any], database: str = MAIN) -> int:
        """Publish a machine's next version; returns its number."""
        return int(self.victim.ask("publish", database, slug=slug, document=document))

    def up(self, *names: str, **more: str) -> None:
        """Start those which do not run, and wait until they work; `more` goes into their environment."""
        fresh = [name for name in names or ALL if name not in self._running]
        for name in fresh:
            self._more[name] = dict(more)
            self._start(name)
        self.wait(lambda: all(self._works(name) for name in fresh), f"{fresh} work", 60)

    def down(self, *names: str) -> None:
        """Stop these in good order, as a deployment does."""
        stopped = [self._running.pop(name) for name in names if name in self._running]
        for process in stopped:
            processes.ask(process, signal.SIGTERM)
        for process in stopped:
            processes.end(process, signal.SIGTERM, 15)

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def children(self, name: str) -> list[int]:
        return sorted(children(self.pid(name)))

    def keep(self) -> None:
        """What `make run` does all the time: start again what has ended."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                processes.kill_group(process)
                self.restarts.append(name)
                self._start(name)

    def wait(self, condition: Callable[[], Found], what: str, seconds: float = 60.0) -> Found:
        def look() -> Found:
            self.keep()
            return condition()

        return wait_for(look, what, seconds)

    def control(self, name: str, control: Control | None) -> None:
        """Say what goes wrong in a service from now on."""
        path = self._control_of(name)
        if control is None:
            path.unlink(missing_ok=True)
        else:
            control.write(path)

    def done_to(self, name: str) -> list[str]:
        """What the points of a service have done since this was asked last."""
        path = self._control_of(name).with_suffix(".done")
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def query(self, statement: str, *params: Any, database: str = MAIN) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(SQL(statement), params)
            return cursor.fetchall() if cursor.description else []

    def count(self, statement: str, *params: Any, database: str = MAIN) -> int:
        return int(self.query(statement, *params, database=database)[0][0])

    def address(self, database: str = MAIN) -> str:
        return self.cluster.url.rsplit("/", 1)[0] + f"/{database}"

    def left(self, slug: str, database: str = MAIN) -> int:
        """How much of a machine still has to be done."""
        return self.count(WAITING, slug, slug, slug, database=database)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.secret}"}, timeout=20)

    def restart(self, *names: str, **more: str) -> None:
        """Stop these in good order and start them again, perhaps in another environment."""
        self.down(*names)
        self.up(*names, **more)

    def replace(self, *names: str, **more: str) -> None:
        """Kill these and start them in another environment."""
        for name in names:
            processes.kill_group(self._running.pop(name))
        self.up(*names, **more)

    def crash_database(self) -> None:
        """An immediate shutdown: no checkpoint, every connection cut, and the log replayed at the next start."""
        os.kill(self.cluster.pid, signal.SIGQUIT)
        wait_for(self.cluster.has_ended, "PostgreSQL has ended", 30)

    def _works(self, name: str) -> bool:
        if name.startswith("beat"):
            return True
        if name == "web":
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).status_code == 200
            return False
        mine = f"%:{self.pid(name)}"
        return self.count("SELECT count(*) FROM runtime_heartbeat WHERE name LIKE %s", mine) == 1

    def _start(self, name: str) -> None:
        values = self._values(**self._more[name], CHAOS_CONTROL=str(self._control_of(name)))
        service = {service.name: service for service in services(ROOT, self.port, values)}[name.partition("-")[0]]
        with (self.var / "log").open("ab") as log:
            self._running[name] = processes.start(
                service.command, death=service.death, environment=service.environment, output=log, folder=ROOT
            )

    def _values(self, **more: str) -> dict[str, str]:
        ours = {
            "DATABASE_URL": self.cluster.url,
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": self.mail.url,
            "HTTP_ALLOW_HOSTS": self.http.place,
            "ACTIVITY_MODULES": "tests.chaos.inside",
            "SWEEP_EVERY": str(SWEEP),
            "CHAOS_LEASE": str(LEASE),
        }
        return environment(self.var, **{**ours, **more})

    def _control_of(self, name: str) -> Path:
        return self.var / f"{name}.json"

    def copy(self, name: str, model: str = MAIN) -> None:
        """Another database like the model, to which nobody may be connected meanwhile."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(SQL(f"CREATE DATABASE {name} TEMPLATE {model}"))


def skewed(hours: int) -> Mapping[str, str]:
    """The environment of a process whose clock is wrong; its stopwatch is right."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": f"{hours:+d}h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def missing() -> Iterable[str]:
    """Programs without which there is no such system here."""
    if not shutil.which("redis-server"):
        yield "redis-server"
