"""Kombu's `pgmq` transport, made to wake up in time.

As it comes, a worker whose children were all busy sleeps on after they are free, since nobody tells it of the
acknowledgement. And every process that sends is made to listen as well, though it never reads what it hears.
"""

from __future__ import annotations

import os
import select
import time
from queue import Empty
from typing import Any

import psycopg
from kombu.transport import pgmq
from psycopg import sql

LONGEST_WAIT = 0.5  # seconds after which the worker may look whether it is to stop


class Bell:
    """Rings when a message has come or an acknowledgement has made room for one."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._connection: psycopg.Connection[Any] | None = None

    def listen(self, conninfo: str, queue: str) -> None:
        """Ring for messages of this queue, too."""
        if self._connection is None:
            self._connection = psycopg.connect(conninfo, autocommit=True)
        self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(f"pgmq.q_{queue}.INSERT")))

    def ring(self) -> None:
        try:
            os.write(self._writing, b"\0")
        except BlockingIOError:
            return  # it rings already

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so long. Raises psycopg's OperationalError when the server is gone."""
        sources: list[Any] = [self._reading, *([self._connection] if self._connection else [])]
        rung, _, _ = select.select(sources, [], [], seconds)
        if self._reading in rung:
            os.read(self._reading, 65_536)
        if self._connection in rung and self._connection is not None:
            list(self._connection.notifies(timeout=0))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        os.close(self._reading)
        os.close(self._writing)


class Channel(pgmq.Channel):
    """Only who consumes listens; an acknowledgement rings; nothing is kept over a crash."""

    connection: Transport

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        """A table without a log: what it holds are hints, and after a crash the sweep finds the work."""
        self.pgmq.create_queue(self._queue_name(queue), unlogged=True)

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> Any:
        name = self._queue_name(queue)
        self.pgmq.enable_notify(name, throttle_interval_ms=0)
        self.connection.bell.listen(self.pgmq.config.dsn, name)
        return super().basic_consume(queue, *args, **kwargs)  # type: ignore[no-untyped-call]

    def basic_ack(self, *args: Any, **kwargs: Any) -> None:
        super().basic_ack(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.connection.bell.ring()

    def basic_reject(self, *args: Any, **kwargs: Any) -> None:
        super().basic_reject(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.connection.bell.ring()


class Transport(pgmq.Transport):
    """What `pgmq://` means here."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        self.bell = Bell()

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver what waits, or raise TimeoutError."""
        cycle: Any = self.cycle
        end = time.monotonic() + min(LONGEST_WAIT, LONGEST_WAIT if timeout is None else timeout)
        while True:
            try:
                cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self.bell.wait(left)

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        self.bell.close()
        self.bell = Bell()
