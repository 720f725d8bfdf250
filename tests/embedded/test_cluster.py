"""The embedded PostgreSQL, for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from orchestrator.embedded import identity, leftover
from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.errors import EmbeddedError
from tests.embedded.outside import ROOT, descendants, lives
from tests.support import wait_for

# A process that starts the server in its argument, names the server's process and waits to be killed.
HOLDER = """
import sys
from pathlib import Path
from orchestrator.embedded.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.start()
print(cluster.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's files, shared by the tests: each starts and stops it."""
    return tmp_path_factory.mktemp("cluster") / "postgres"


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    with Cluster(folder) as started:
        yield started


def ask(url: str, *statements: LiteralString) -> object:
    """The first value of the last statement's answer."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


def test_what_was_stored_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    with Cluster(folder) as cluster:
        first = cluster.url
        ask(first, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
    with Cluster(folder) as cluster:
        assert cluster.url == first
        assert ask(cluster.url, "SELECT number FROM kept") == 7


def test_it_is_postgresql_18_with_fsync_and_utf_8(cluster: Cluster) -> None:
    assert str(ask(cluster.url, "SHOW server_version")).startswith("18.")
    assert ask(cluster.url, "SHOW fsync") == "on"
    assert ask(cluster.url, "SELECT upper('é') || chr(128646)") == "É🚆"


def test_only_who_knows_the_password_gets_in(cluster: Cluster, folder: Path) -> None:
    user, _, place = cluster.url.partition("@")
    for wrong in (user.rsplit(":", 1)[0], user.rsplit(":", 1)[0] + ":guess"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"{wrong}@{place}")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "password").stat().st_mode & 0o077 == 0


def test_it_does_not_run_as_root(cluster: Cluster) -> None:
    owner = subprocess.run(["ps", "-o", "euid=", "-p", str(cluster.pid)], capture_output=True, text=True, check=True)
    inside = ask(cluster.url, "SELECT pg_read_file('/proc/self/status')")
    assert "Uid:\t0" not in str(inside) or owner.stdout.strip() != "0"


def test_its_port_is_none_that_outgoing_connections_take(cluster: Cluster) -> None:
    port = int(cluster.url.rsplit(":", 1)[1].split("/")[0])
    assert 20_000 <= port < 32_768


def test_a_folder_too_deep_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    with Cluster(tmp_path / ("deep" * 20) / ("deeper" * 10)) as cluster:
        assert ask(cluster.url, "SHOW unix_socket_directories") == ""


@pytest.mark.parametrize("guard", ["", "1"], ids=["kernel", "guard"])
def test_it_stops_in_good_order_when_its_holder_is_killed(folder: Path, guard: str) -> None:
    environment = {**os.environ, "SIGNALBOX_GUARD": guard}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        server = int(holder.stdout.readline())
        family = descendants(holder.pid)
        assert server in family
        holder.kill()
    wait_for(lambda: not any(map(lives, family)), "all processes gone")
    assert (folder / "log").read_text().rstrip().endswith("database system is shut down")


def test_a_server_that_was_killed_starts_again_with_all_that_was_committed(folder: Path) -> None:
    with Cluster(folder) as cluster:
        ask(cluster.url, "CREATE TABLE survivor AS SELECT 1 AS number", "SELECT 1")
        os.kill(cluster.pid, signal.SIGKILL)
        wait_for(cluster.has_ended, "server ended")
        cluster.start()
        assert ask(cluster.url, "SELECT number FROM survivor") == 1


def test_a_pid_file_that_names_another_program_is_no_obstacle(folder: Path) -> None:
    """After a restart of the machine the number may belong to anybody, this process for example."""
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'data'}\n1\n1\n\n\n0 0\nready\n")
    with Cluster(folder) as cluster:
        assert ask(cluster.url, "SELECT 1") == 1


def test_a_server_which_a_killed_holder_left_is_stopped_first(cluster: Cluster, folder: Path) -> None:
    assert leftover.status(folder / "data") == (cluster.pid, "ready")
    with Cluster(folder) as second:
        assert cluster.has_ended()
        assert ask(second.url, "SELECT 1") == 1


def test_what_keeps_it_from_starting_is_said_in_one_sentence(folder: Path) -> None:
    version = folder / "data" / "PG_VERSION"
    before = version.read_text()
    version.write_text("9\n")
    try:
        with pytest.raises(EmbeddedError, match="PostgreSQL did not start") as caught:
            Cluster(folder).start()
    finally:
        version.write_text(before)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another identity")
def test_without_user_namespaces_root_lends_it_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_namespace", lambda: ["false"])
    for step in [tmp_path, *tmp_path.parents]:
        if step.owner() == "root" and step != Path("/") and "pytest" in str(step):
            step.chmod(0o755)
    with Cluster(tmp_path / "postgres") as cluster:
        assert ask(cluster.url, "SELECT 1") == 1
    assert (tmp_path / "postgres").stat().st_uid != 0
    monkeypatch.undo()
    with Cluster(tmp_path / "postgres") as cluster:
        assert ask(cluster.url, "SELECT 1") == 1
