"""A small cache of layouts, bounded by entries and by what they hold, that also remembers failures for a while."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Sized)


class LayoutCache(Generic[T]):
    """Least recently used goes first. `items` bounds the sum of the sizes of all entries."""

    def __init__(self, entries: int, items: int) -> None:
        self.entries, self.items = entries, items
        self._held = 0
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._failures: OrderedDict[tuple[str, float], float] = OrderedDict()
        self._lock = Lock()
        os.register_at_fork(after_in_child=self._unlock)

    def _unlock(self) -> None:
        self._lock = Lock()

    def get(self, key: str) -> T | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, value: T) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._held += value.size - (old.size if old else 0)
            self._kept[key] = value
            while len(self._kept) > 1 and (len(self._kept) > self.entries or self._held > self.items):
                self._held -= self._kept.popitem(last=False)[1].size

    def fail(self, key: str, limit: float, seconds: float) -> None:
        """Remember for some seconds that this key needs more than `limit` seconds."""
        with self._lock:
            self._failures[key, limit] = monotonic() + seconds
            while len(self._failures) > self.entries:
                self._failures.popitem(last=False)

    def failed(self, key: str, limit: float) -> bool:
        with self._lock:
            return self._failures.get((key, limit), 0.0) > monotonic()

    def __len__(self) -> int:
        return len(self._kept)
