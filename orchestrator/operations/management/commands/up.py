"""`manage.py up`: PostgreSQL (unless DATABASE_URL names one), web, workers and beat; Ctrl-C stops them all."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from orchestrator import environment
from orchestrator.embedded import ports, running
from orchestrator.embedded.broker import ensure_queue
from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.files import write_private
from orchestrator.embedded.foreground import Foreground, call
from orchestrator.embedded.lock import FolderLock
from orchestrator.embedded.reach import check_database
from orchestrator.embedded.services import answers, services
from orchestrator.embedded.supervisor import Supervisor
from orchestrator.operations.management.plain import PlainCommand

ADMIN = "admin"
ADMIN_EMAIL = "admin@localhost"  # alerts of machines that name nobody else go to their owner
BROKER_PATIENCE = 4  # seconds


class Place(NamedTuple):
    """Where the web process listens, and how others call it."""

    port: int
    address: str


class Command(PlainCommand):
    help = "Run Signalbox: the embedded PostgreSQL or the one of DATABASE_URL, web, workers and beat. Ctrl-C stops it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--run",
            nargs=argparse.REMAINDER,
            metavar="COMMAND",
            help="run a command beside Signalbox and stop with it; a Signalbox that runs in this folder is used",
        )

    def handle(self, *, run: list[str] | None, **options: object) -> None:
        var = Path(settings.VAR_DIR)
        if run and running.environment(var):
            sys.exit(call(run, {**running.environment(var), **os.environ}))
        port = ports.free_port() if run and "PORT" not in os.environ else settings.PORT
        address = settings.BASE_URL if port == settings.PORT else f"http://{ports.LOOPBACK}:{port}"
        try:
            with FolderLock(running.lock_path(var), f"Signalbox runs in this folder at {address}"):
                ended = self._run(var, Place(port, address), run)
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
        if run:
            sys.exit(ended)
        self.stdout.write("Signalbox has stopped.")

    def _run(self, var: Path, place: Place, run: list[str] | None) -> int:
        if problem := ports.problem(place.port):
            raise CommandError(problem)
        with _database(var) as cluster:
            self._prepare(var)
            addresses = _addresses(cluster, place)
            values = {**os.environ, **addresses}
            command = Foreground(run or [], values)
            supervisor = Supervisor(services(settings.BASE_DIR, place.port, values))
            supervisor.tend = lambda: _tend(cluster, command, supervisor)
            running.announce(var, addresses)
            try:
                return supervisor.run(answers(place.port), command.start if run else lambda: self._announce(var, place))
            finally:
                command.end()
                running.withdraw(var)
                _close_pool()

    def _prepare(self, var: Path) -> None:
        """Bring the database up to date; a second start finds nothing to do here."""
        check_database(environment.conninfo(connection.settings_dict))
        _check_broker()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database.")
            call_command("migrate", verbosity=0, interactive=False)
        if not settings.REDIS_URL:
            with connection.cursor() as cursor:
                ensure_queue(cursor.connection)
        if not User.objects.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            with transaction.atomic():
                User.objects.create_superuser(ADMIN, ADMIN_EMAIL, password)
                call_command("loadgallery", stdout=StringIO())
                write_private(_password_file(var), password + "\n")
            self.stdout.write(f"The administrator is {ADMIN} with the password {password}")
        connection.close()

    def _announce(self, var: Path, place: Place) -> None:
        self.stdout.write(f"Signalbox runs at {place.address}")
        if _password_file(var).exists():
            self.stdout.write(f"Log in as {ADMIN}; the password is in {_password_file(var)}")
        self.stdout.write("Ctrl-C stops it.")
        self.stdout.flush()


@contextmanager
def _database(var: Path) -> Iterator[Cluster | None]:
    """The embedded server, told to this process's Django, or None where DATABASE_URL names another."""
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    with Cluster(var / "postgres") as cluster:
        connection.settings_dict.update(environment.database(cluster.url))
        yield cluster


def _tend(cluster: Cluster | None, command: Foreground, supervisor: Supervisor) -> None:
    """Start a PostgreSQL again that was killed, and end with the command if there is one."""
    ended = command.status()
    if ended is not None:
        supervisor.finish(ended)
    if cluster is not None and cluster.has_ended():
        print("PostgreSQL ended and is started again.", flush=True)
        cluster.start()


def _addresses(cluster: Cluster | None, place: Place) -> dict[str, str]:
    """What the services, and other commands of this folder, must know."""
    return {
        "DATABASE_URL": cluster.url if cluster else os.environ["DATABASE_URL"],
        "REDIS_URL": settings.REDIS_URL,
        "SIGNALBOX_VAR": str(settings.VAR_DIR),
        "PORT": str(place.port),
        "BASE_URL": place.address,
    }


def _close_pool() -> None:
    wrapper = connections["default"]
    if isinstance(wrapper, DatabaseWrapper):
        wrapper.close_pool()


def _password_file(var: Path) -> Path:
    return var / "admin-password"


def _check_broker() -> None:
    if not settings.REDIS_URL:
        return
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_PATIENCE) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_PATIENCE, interval_start=0)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CommandError(f"Redis cannot be reached ({reason}); check REDIS_URL and that it runs.") from None
