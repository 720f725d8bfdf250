"""What a new connection learns, and what a Celery worker does when it starts, forks and stops."""

from __future__ import annotations

from typing import Any

from celery.signals import task_postrun, worker_process_init, worker_ready, worker_shutdown
from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from orchestrator.runtime import arrays
from orchestrator.runtime.heartbeat import WorkerHeartbeat

_heartbeats: list[WorkerHeartbeat] = []


@receiver(connection_created)
def teach_arrays(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Once for each connection, so that the many cursors need not be taught."""
    arrays.teach(connection.connection)


@task_postrun.connect
def give_connections_back(**_: Any) -> None:
    """Back to the pool, which looks whether they still work before it lends them to the next task."""
    close_old_connections()


@worker_process_init.connect
def forget_inherited_connections(**_: Any) -> None:
    """A forked child must not speak over its parent's sockets: it drops the inherited pool without closing it."""
    for wrapper in connections.all(initialized_only=True):
        wrapper.connection = None
        getattr(wrapper, "_connection_pools", {}).pop(wrapper.alias, None)


@worker_ready.connect
def begin_heartbeat(**_: Any) -> None:
    heartbeat = WorkerHeartbeat()
    heartbeat.start()
    _heartbeats.append(heartbeat)


@worker_shutdown.connect
def end_heartbeat(**_: Any) -> None:
    while _heartbeats:
        _heartbeats.pop().stop()
