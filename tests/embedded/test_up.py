"""`manage.py up`, which `make run` calls: started, met, stopped and killed as a process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.outside import Up, children, command_of, descendants, lives, run, up
from tests.support import wait_for


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all tests here, so that the database is made once."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def site(var: Path) -> Iterator[Up]:
    with up(var) as running:
        yield running


def test_the_first_start_tells_the_address_and_the_password_once(site: Up, var: Path) -> None:
    password = (var / "admin-password").read_text().strip()
    assert site.printed.count(password) == 1
    assert f"Signalbox runs at {site.address}" in site.printed
    assert (var / "admin-password").stat().st_mode & 0o777 == 0o600
    assert set(site.checks().values()) == {True}


def test_pages_come_with_their_files_and_run_nothing_foreign(site: Up) -> None:
    status, headers, body = site.get("/login")
    assert status == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', body)
    assert sheets
    assert {site.get(sheet)[0] for sheet in sheets} == {200}


def test_the_documentation_of_the_api_takes_its_files_from_here(site: Up) -> None:
    body = site.get("/api/v1/docs")[2]
    sources = re.findall(r'(?:src|href)="([^"]+)"', body)
    assert any("swagger-ui-bundle" in source for source in sources)
    assert {source[:8] for source in sources} == {"/static/"}
    assert {site.get(source)[0] for source in sources} == {200}
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", body)


def test_the_gallery_is_there_and_other_commands_find_the_running_database(site: Up, var: Path) -> None:
    done = run("manage.py", "show", "document-approval", var=var)
    assert done.returncode == 0, done.stderr
    assert "version 1" in done.stdout


def test_a_second_start_in_the_folder_says_that_one_runs(site: Up, var: Path) -> None:
    done = run("manage.py", "up", var=var)
    assert done.returncode == 1
    assert (
        f"Signalbox runs in this folder at {site.address} (process {site.process.pid}); stop it first." in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_a_worker_that_is_killed_is_started_again(site: Up) -> None:
    killed = wait_for(lambda: _worker(site), "a worker")
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: "The worker process ended" in site.printed, "the worker was missed")
    wait_for(lambda: _worker(site) not in (0, killed), "a new worker")


def test_a_command_beside_it_uses_it_and_gives_its_status(site: Up, var: Path) -> None:
    code = "import os, sys; print(os.environ['BASE_URL']); sys.exit(7)"
    done = run("manage.py", "up", "--run", "python3", "-c", code, var=var)
    assert (done.returncode, done.stdout) == (7, f"{site.address}\n"), done.stderr


def test_ctrl_c_stops_everything_and_the_next_start_prepares_nothing(site: Up, var: Path) -> None:
    family = descendants(site.process.pid)
    assert site.interrupt() == 0
    assert not any(map(lives, family))
    assert site.printed.endswith("Signalbox has stopped.\n")
    assert "Traceback" not in site.printed
    with up(var) as again:
        assert "Preparing" not in again.printed
        assert (var / "admin-password").read_text().strip() not in again.printed


@pytest.mark.parametrize("guard", ["", "1"], ids=["kernel", "guard"])
def test_kill_9_leaves_no_process_and_the_next_start_recovers(site: Up, var: Path, guard: str) -> None:
    if site.process.poll() is None:
        site.interrupt()
    killed = Up(var, SIGNALBOX_GUARD=guard)
    killed.await_ready()
    family = descendants(killed.process.pid)
    assert len(family) > 8
    names = {pid: command_of(pid) for pid in family}
    killed.kill()
    with up(var) as again:
        wait_for(lambda: set(again.checks().values()) == {True}, "every check passes")
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not any(map(lives, family)), "all processes gone")
    assert [names[pid] for pid in family if lives(pid)] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"DATABASE_URL": "postgres://nobody:x@127.0.0.1:1/none"}, "The database cannot be reached"),
        (
            {"DATABASE_URL": "mysql://nobody@127.0.0.1/none"},
            "DATABASE_URL must be the address of a PostgreSQL database",
        ),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis cannot be reached"),
        ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL must be the address of a Redis server"),
        ({"EMAIL_URL": "mailto:somebody"}, "EMAIL_URL must be the address of a mail server"),
        ({"PORT": "many"}, "PORT must be a whole number"),
        ({"PORT": "70000"}, "PORT must be a number from 1 to 65535"),
    ],
)
def test_a_wrong_service_is_one_sentence_with_the_mend(tmp_path: Path, wrong: dict[str, str], said: str) -> None:
    done = run("manage.py", "up", var=tmp_path, **wrong)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_port_that_is_taken_is_one_sentence_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("manage.py", "up", var=tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken; choose another, for example PORT={port % 65_535 + 1}." in done.stderr
    assert not (tmp_path / "postgres").exists()


def _worker(site: Up) -> int:
    """The worker that the manager started, 0 while there is none."""
    found = (pid for pid in children(site.process.pid) if "--queues celery,sweep" in command_of(pid))
    return next(found, 0)
