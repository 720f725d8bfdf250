"""Hints to the workers. A lost hint costs time, never work: the sweep finds whatever waits."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable, Sequence

from celery import current_app
from django.db import transaction

from orchestrator.runtime.models import SHARDS

NEIGHBOURS = 16  # shards drained together: enough for full batches, few enough that several workers share a burst
GATHER = 0.004  # seconds between two hints of a process: what comes meanwhile goes together
FLUSH = 2.0  # seconds which a process that ends waits for its last hints

logger = logging.getLogger(__name__)


def after_commit(shards: Iterable[int] = (), activities: Iterable[int] = ()) -> None:
    """Hint at shards to drain and activities to perform once the current transaction has committed."""
    wanted, ready = set(shards), list(activities)
    if wanted or ready:
        transaction.on_commit(lambda: hint(wanted, ready), robust=True)


def hint(shards: Iterable[int], activities: Iterable[int]) -> None:
    """Send the hints soon, from a thread of their own: no request waits for a broker."""
    _sender().take(shards, activities)


class Sender:
    """A thread which sends what was gathered since it last did."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._changed = threading.Condition()
        self._pause = threading.Event()  # which nobody sets: a wait of its kind measures with the stopwatch
        self._shards: set[int] = set()
        self._activities: list[int] = []
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)

    def take(self, shards: Iterable[int], activities: Iterable[int]) -> None:
        with self._changed:
            self._shards.update(shards)
            self._activities.extend(activities)
            if not self._thread.ident:
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all is sent, at most FLUSH seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._shards or self._activities or self._busy), FLUSH)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._shards or self._activities)
                shards, self._shards = sorted(self._shards), set()
                activities, self._activities = self._activities, []
                self._busy = True
            _send_all(shards, activities)
            with self._changed:
                self._busy = False
                self._changed.notify_all()
            self._pause.wait(GATHER)


def _send_all(shards: list[int], activities: list[int]) -> None:
    """Send; a broker that fails is logged and left alone."""
    try:
        for part in parts(shards):
            _send("runtime.drain", part)
        for activity in activities:
            _send("runtime.perform", activity)
    except Exception as error:
        logger.warning("no hint sent, the sweep will find the work: %s", error)


def parts(shards: Sequence[int]) -> list[list[int]]:
    """The shards of each hint: all there are while few have work, so that a hint that comes late finds it done."""
    if not shards:
        return []
    size = SHARDS if len(shards) <= NEIGHBOURS else NEIGHBOURS
    return [list(range(first, first + size)) for first in range(0, SHARDS, size)]


def _send(task: str, argument: object) -> None:
    current_app.send_task(task, args=[argument], retry=False, ignore_result=True)


_senders = [Sender()]


def _sender() -> Sender:
    """This process's own: after a fork the thread of the other is the parent's."""
    if _senders[-1].process != os.getpid():
        _senders[:] = [Sender()]
    return _senders[-1]


atexit.register(lambda: _sender().flush())
