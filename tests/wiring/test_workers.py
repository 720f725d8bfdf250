"""Real worker processes on both brokers: hints arrive, and work is done without them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import redis

from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.ports import free_port
from orchestrator.embedded.services import services
from tests.embedded.outside import ROOT, environment, run
from tests.support import wait_for

REDIS = shutil.which("redis-server") or ""
needs_redis = pytest.mark.skipif(
    not REDIS and os.environ.get("CI") != "true", reason="redis-server is not installed; apt-get install redis-server"
)
both_brokers = pytest.mark.parametrize(
    "broker", ["postgresql", pytest.param("redis", marks=needs_redis)], indirect=True
)
NOWHERE = "redis://127.0.0.1:1/0"
GALLERY = """
from django.contrib.auth.models import User
from designer.gallery.load import load_gallery
load_gallery(User.objects.create_superuser("admin"))
"""


class Site:
    """A database with the gallery in it, and the processes of Signalbox that a test starts."""

    def __init__(self, var: Path, url: str) -> None:
        self.var = var
        self.url = url
        self.redis = ""

    def run(self, *words: str, **more: str) -> str:
        done = run("manage.py", *words, var=self.var, **{"DATABASE_URL": self.url, "REDIS_URL": self.redis, **more})
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        values = environment(self.var, DATABASE_URL=self.url, REDIS_URL=self.redis)
        wanted = [service for service in services(ROOT, 1, values) if service.name in names]
        with ExitStack() as stack, (self.var / "log").open("ab") as log:
            for service in wanted:
                process = stack.enter_context(
                    subprocess.Popen(service.command, cwd=ROOT, env=service.environment, stdout=log, stderr=log)
                )
                stack.callback(process.send_signal, signal.SIGTERM)
            yield

    def ask(self, question: LiteralString) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(question).fetchone()
            assert row is not None
            return int(row[0])

    def await_worker(self) -> None:
        wait_for(lambda: self.ask("SELECT count(*) FROM runtime_heartbeat WHERE kind = 'worker'"), "a worker")

    def await_applied(self) -> None:
        wait_for(lambda: self.ask("SELECT count(*) FROM runtime_inboxevent") == 0, "all applied", 60)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("wiring")
    with Cluster(var / "postgres") as cluster:
        site = Site(var, cluster.url)
        site.run("migrate", "--verbosity", "0")
        site.run("shell", "--verbosity", "0", "--command", GALLERY)
        yield site


@pytest.fixture
def server() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a Redis on one port, again when the one before was killed."""
    started: list[subprocess.Popen[bytes]] = []
    port = free_port()

    def start() -> subprocess.Popen[bytes]:
        words = [REDIS, "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--daemonize", "no"]
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL))
        wait_for(lambda: _answers(port), "Redis answers")
        return started[-1]

    start.url = f"redis://127.0.0.1:{port}/0"  # type: ignore[attr-defined]
    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def broker(request: pytest.FixtureRequest, made: Site) -> Site:
    made.redis = ""
    if request.param == "redis":
        start = request.getfixturevalue("server")
        start()
        made.redis = start.url
    return made


@both_brokers
def test_a_hint_gets_an_event_applied_without_beat_and_the_worker_signs_off(
    broker: Site, request: pytest.FixtureRequest
) -> None:
    key = request.node.callspec.id
    with broker.running("worker"):
        broker.await_worker()
        broker.run("send", "document-approval", key, "submit", "--start")
        broker.await_applied()
    assert " -> " in broker.run("show", "document-approval", key)
    assert broker.ask("SELECT count(*) FROM runtime_heartbeat WHERE kind = 'worker'") == 0


@both_brokers
def test_beat_gets_an_event_applied_whose_hint_was_lost(broker: Site, request: pytest.FixtureRequest) -> None:
    key = f"lost-{request.node.callspec.id}"
    broker.run("send", "document-approval", key, "submit", "--start", REDIS_URL=NOWHERE)
    assert broker.ask("SELECT count(*) FROM runtime_inboxevent") > 0
    with broker.running("worker", "beat"):
        broker.await_applied()


def test_beat_fires_a_schedule_that_is_due(made: Site) -> None:
    made.redis = ""
    made.ask(
        "INSERT INTO schedules_schedule"
        " (machine_id, name, kind, rule, zone, context, catch_up, overlap, paused, next_at, changed_by)"
        " SELECT id, 'minutely', 'cron', '* * * * *', 'UTC', '{}', 'one', 'allow', false,"
        " date_trunc('minute', now()), ''"
        " FROM definitions_machine WHERE slug = 'document-approval' RETURNING id"
    )
    with made.running("worker", "beat"):
        wait_for(lambda: made.ask("SELECT count(*) FROM schedules_firing WHERE outcome = 'started'"), "a firing")
        made.await_applied()
    made.ask("WITH gone AS (UPDATE schedules_schedule SET paused = true RETURNING 1) SELECT count(*) FROM gone")
    assert made.ask("SELECT count(*) FROM runtime_instance WHERE key LIKE 'minutely/%' AND seq > 0") >= 1


@needs_redis
def test_a_worker_outlives_its_redis(made: Site, server: Callable[[], subprocess.Popen[bytes]]) -> None:
    first = server()
    made.redis = server.url  # type: ignore[attr-defined]
    with made.running("worker", "beat"):
        made.await_worker()
        first.kill()
        first.wait()
        made.run("send", "document-approval", "while-down", "submit", "--start")
        server()
        made.await_applied()


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
