"""The embedded PostgreSQL: its files are made once in a folder; it runs as a child of this process and ends with it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from orchestrator.embedded import leftover, processes
from orchestrator.embedded.creation import give, last_line, make
from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.files import kept_secret, write_private
from orchestrator.embedded.identity import wrapper_for
from orchestrator.embedded.installation import program
from orchestrator.embedded.ports import LOOPBACK, free_port

USER = DATABASE = "signalbox"
STARTING = 60.0  # seconds; after a crash the log is replayed first
STOPPING = 20.0
LONGEST_SOCKET = 90  # bytes of a socket's folder: the kernel takes about a hundred with the file's name
ORPHANS = "shared memory block"  # what PostgreSQL says while children of a killed server are still ending
LARGEST_LOG = 10_000_000  # bytes
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "100",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Cluster:
    """A PostgreSQL whose files are in `folder`. A with statement starts and stops it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address, with the password: never print it."""
        return f"postgres://{USER}:{quote(self._password(), safe='')}@{LOOPBACK}:{self._port}/{DATABASE}"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the server, making its files at the first time and mending what a crash left behind."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wrapper = wrapper_for(self._folder, program("postgres"))
        self._password()
        if not self._data.exists():
            make(self._data, user=USER, password_file=self._folder / "password", wrapper=wrapper)
        leftover.end_server(self._data)
        self._port = self._port or free_port(self._former_port())
        write_private(self._folder / "port", str(self._port))
        end = time.monotonic() + STARTING
        while not self._starts(wrapper, end):
            said = last_line(self._log.read_text(encoding="utf-8", errors="replace"))
            if ORPHANS not in said or time.monotonic() > end:
                raise EmbeddedError(f"PostgreSQL did not start; the end of {self._log} says: {said}")
            time.sleep(0.2)
        self._make_database()

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """Close every connection, write everything down, end."""
        if self._process is not None:
            processes.end(self._process, signal.SIGINT, STOPPING)
            self._process = None

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _password(self) -> str:
        secret = kept_secret(self._folder / "password")
        give(self._folder / "password")
        return secret

    def _former_port(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int((self._folder / "port").read_text())
        return 0

    def _command(self) -> list[str]:
        sockets = self._folder / "socket"
        sockets.mkdir(mode=0o700, exist_ok=True)
        give(sockets)
        reachable = len(str(sockets).encode()) <= LONGEST_SOCKET
        given = {**SETTINGS, "port": str(self._port), "unix_socket_directories": str(sockets) if reachable else ""}
        options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        return [str(program("postgres")), "-D", str(self._data), *options]

    def _starts(self, wrapper: list[str], end: float) -> bool:
        """PostgreSQL writes into its pid file when it takes connections; that is cheaper than trying to connect."""
        with self._log.open("wb" if self._log_size() > LARGEST_LOG else "ab") as log:
            self._process = processes.start(
                self._command(), death=signal.SIGINT, wrapper=wrapper, output=log, folder=self._folder
            )
        while leftover.status(self._data) != (self._process.pid, "ready"):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                return False
            time.sleep(0.01)
        return True

    def _make_database(self) -> None:
        """The first start makes the database; a kill between the two is mended at the next start."""
        made = self._folder / "database"
        if made.exists():
            return
        server = self.url.removesuffix(DATABASE) + "postgres"
        with (
            psycopg.connect(server, autocommit=True) as connection,
            contextlib.suppress(psycopg.errors.DuplicateDatabase),
        ):
            connection.execute(f"CREATE DATABASE {DATABASE}")
        made.touch()

    def _log_size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0
