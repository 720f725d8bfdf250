"""Runs services beside each other: shows what they say, starts again what ends by accident, stops all together."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from orchestrator.embedded import processes
from orchestrator.embedded.errors import EmbeddedError

LOOK = 0.5  # seconds between two looks at the services
STOPPING = 12.0  # seconds for which a service may finish what it does
SHORT_LIFE = 10.0  # seconds; a service that ends sooner counts as failed
MOST_FAILURES = 3  # in a row, after which starting again is pointless
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Service:
    """A command that should always run. `death` is what it gets when this process is killed: it should end at once."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    death: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    last_words: str = ""
    is_shown: bool = True


@dataclass
class Supervisor:
    """`tend` is called at every look, for what is not a service here."""

    services: Sequence[Service]
    tend: Callable[[], None] = lambda: None
    signals: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Start all, announce when they are ready, return what ended it after all have stopped."""
        before = {number: signal.signal(number, self._note) for number in STOP_SIGNALS}
        try:
            for service in self.services:
                self._start(service)
            return self._watch(ready, announce)
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def finish(self, code: int) -> None:
        """End the run with this answer."""
        self.signals.put(code)

    def _note(self, number: int, frame: object) -> None:
        self.signals.put(number)

    def _watch(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        announced = False
        while True:
            if not announced and ready():
                announce()
                announced = True
            try:
                return self.signals.get(timeout=LOOK if announced else LOOK / 10)
            except queue.Empty:
                self.tend()
            for service in self.services:
                self._look_at(service)

    def _start(self, service: Service) -> None:
        service.started = time.monotonic()
        service.process = processes.start(
            service.command,
            death=service.death,
            environment=service.environment,
            output=subprocess.PIPE,
            folder=service.folder,
        )
        assert service.process.stdout is not None
        threading.Thread(target=_show, args=(service, service.process.stdout), daemon=True).start()

    def _look_at(self, service: Service) -> None:
        if service.process is None or service.process.poll() is None:
            return
        lived = time.monotonic() - service.started
        service.failures = service.failures + 1 if lived < SHORT_LIFE else 1
        if service.failures >= MOST_FAILURES:
            raise EmbeddedError(f"The {service.name} process ends as soon as it starts; it says: {service.last_words}")
        print(f"The {service.name} process ended ({service.process.returncode}) and is started again.", flush=True)
        processes.kill_group(service.process)
        self._start(service)

    def _stop(self) -> None:
        """Ask all to finish; a second Ctrl-C, or too long a wait, kills what still runs."""
        for service in self.services:
            service.is_shown = False  # what services say about stopping would bury what was said before
        running = [service.process for service in self.services if service.process is not None]
        for process in running:
            processes.ask(process, signal.SIGTERM)
        end = time.monotonic() + STOPPING
        while any(process.poll() is None for process in running):
            if time.monotonic() > end or not self.signals.empty():
                break
            time.sleep(0.02)
        for process in running:
            processes.kill_group(process)


def _show(service: Service, output: IO[bytes]) -> None:
    for line in output:
        words = line.decode(errors="replace").rstrip()
        if words:
            service.last_words = words
        if words and service.is_shown:
            sys.stdout.write(f"{service.name:<6} | {words}\n")
            sys.stdout.flush()
