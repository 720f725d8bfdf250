"""`manage.py up`: PostgreSQL (unless DATABASE_URL names one), web, worker and beat under one process; Ctrl-C stops all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg.conninfo import make_conninfo

from designer.gallery.load import load_gallery
from orchestrator import environment
from orchestrator.embedded import ports, running
from orchestrator.embedded.broker import ensure_queue
from orchestrator.embedded.cluster import Cluster
from orchestrator.embedded.errors import EmbeddedError
from orchestrator.embedded.files import write_private
from orchestrator.embedded.lock import FolderLock
from orchestrator.embedded.reach import check_database
from orchestrator.embedded.services import answers, services
from orchestrator.embedded.supervisor import Supervisor
from orchestrator.operations.management.plain import PlainCommand

ADMIN = "admin"
BROKER_PATIENCE = 4.0  # seconds


class Command(PlainCommand):
    help = "Run Signalbox: the embedded PostgreSQL or the one of DATABASE_URL, web, worker and beat. Ctrl-C stops it."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        var = Path(settings.VAR_DIR)
        try:
            with FolderLock(running.lock_path(var), f"Signalbox runs in this folder at {settings.BASE_URL}"):
                self._run(var)
        except EmbeddedError as error:
            raise CommandError(str(error)) from None

    def _run(self, var: Path) -> None:
        if not ports.is_free(settings.PORT):
            raise CommandError(f"Port {settings.PORT} is taken; choose another, for example PORT={settings.PORT + 1}.")
        with _database(var) as cluster:
            self._prepare(var)
            supervisor = Supervisor(
                services(settings.BASE_DIR, settings.PORT, {**os.environ, **_addresses(cluster)}),
                tend=lambda: _restart(cluster),
            )
            running.announce(var, _addresses(cluster))
            try:
                supervisor.run(answers(settings.PORT), lambda: self._announce(var))
            finally:
                running.withdraw(var)
                connection.close_pool()
        self.stdout.write("Signalbox has stopped.")

    def _prepare(self, var: Path) -> None:
        """Bring the database up to date; a second start finds nothing to do here."""
        check_database(_conninfo())
        _check_broker()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database.")
            call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            ensure_queue(cursor.connection)
        if not User.objects.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            with transaction.atomic():
                load_gallery(User.objects.create_superuser(ADMIN, password=password))
                write_private(_password_file(var), password + "\n")
            self.stdout.write(f"The administrator is {ADMIN} with the password {password}")
        connection.close()

    def _announce(self, var: Path) -> None:
        self.stdout.write(f"Signalbox runs at {settings.BASE_URL}")
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


def _restart(cluster: Cluster | None) -> None:
    if cluster is not None and cluster.has_ended():
        print("PostgreSQL ended and is started again.", flush=True)
        cluster.start()


def _addresses(cluster: Cluster | None) -> dict[str, str]:
    """What the services, and other commands of this folder, must know."""
    return {
        "DATABASE_URL": cluster.url if cluster else os.environ["DATABASE_URL"],
        "REDIS_URL": settings.REDIS_URL,
        "PORT": str(settings.PORT),
        "BASE_URL": settings.BASE_URL,
    }


def _password_file(var: Path) -> Path:
    return var / "admin-password"


def _conninfo() -> str:
    given = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return make_conninfo("", **{name: str(given[key]) for name, key in names.items() if given[key]})


def _check_broker() -> None:
    if not settings.REDIS_URL:
        return
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_PATIENCE) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_PATIENCE, interval_start=0.1)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CommandError(f"Redis cannot be reached ({reason}); check REDIS_URL and that it runs.") from None
