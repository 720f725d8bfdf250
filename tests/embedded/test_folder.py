"""What is kept in `var/`: secrets, the lock, and what other commands find there."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.embedded import ports, running
from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.files import kept_secret
from orchestrator.embedded.lock import FolderLock, is_held
from tests.embedded.outside import ROOT

# A process that takes the lock in its argument, says so and waits to be killed.
HOLDER = """
import sys
from pathlib import Path
from orchestrator.embedded.lock import FolderLock
with FolderLock(Path(sys.argv[1]), "It runs elsewhere"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_secret_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: kept_secret(path), range(32)))
    assert made == {kept_secret(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="SIGNALBOX_VAR"):
        kept_secret(tmp_path / "file" / "secret")


def test_the_second_who_wants_a_folder_is_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_held(path)
        with pytest.raises(EmbeddedError, match=rf"It runs elsewhere \(process {holder.pid}\); stop it first"):
            FolderLock(path, "me").__enter__()
        holder.kill()
    assert not is_held(path)
    with FolderLock(path, "me"):
        assert is_held(path)


def test_addresses_are_believed_only_while_their_signalbox_runs(tmp_path: Path) -> None:
    running.announce(tmp_path, {"DATABASE_URL": "postgres://u:p@h/d"})
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600
    assert running.environment(tmp_path) == {}
    with FolderLock(running.lock_path(tmp_path), "me"):
        assert running.environment(tmp_path) == {"DATABASE_URL": "postgres://u:p@h/d"}
        running.withdraw(tmp_path)
        assert running.environment(tmp_path) == {}


@pytest.mark.parametrize(("port", "said"), [(0, "1 to 65535"), (65_536, "1 to 65535")])
def test_a_port_that_is_none_is_said(port: int, said: str) -> None:
    assert said in ports.problem(port)


def test_a_free_port_is_no_problem() -> None:
    assert ports.problem(ports.free_port()) == ""


def test_the_embedded_parts_load_no_django() -> None:
    modules = "cluster, supervisor, services, running, leash, foreground, lock, broker"
    code = f"import sys; from orchestrator.embedded import {modules}; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_command_is_run_with_a_server_of_its_own_and_its_status_is_kept(tmp_path: Path) -> None:
    code = "import os, sys, psycopg; psycopg.connect(os.environ['DATABASE_URL']).close(); print('in'); sys.exit(7)"
    words = ["-m", "orchestrator.embedded", "run", "--temporary", "--", sys.executable, "-c", code]
    environment = {**os.environ, "SIGNALBOX_VAR": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "in\n"), done.stderr
    assert list(tmp_path.iterdir()) == []
