"""One command in the foreground, run on behalf of the shell that called us."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Mapping, Sequence

from orchestrator.embedded.errors import EmbeddedError


class Foreground:
    """The command shares our terminal, so Ctrl-C reaches it as well."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        try:
            self._process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603 - the caller's own
        except OSError as error:
            raise EmbeddedError(f"{self._command[0]} cannot be run: {error.strerror}.") from None

    def status(self) -> int | None:
        """Its exit status as a shell counts it, None while it runs or before it was started."""
        code = self._process.poll() if self._process else None
        return 128 - code if code is not None and code < 0 else code

    def wait(self) -> int:
        """Wait for its end; returns its exit status."""
        if self._process is not None:
            self._process.wait()
        return self.status() or 0

    def end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            self._process.wait()


def call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end and leave Ctrl-C to it; returns its exit status."""
    running = Foreground(command, environment)
    running.start()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # only now: a child inherits what is ignored
    try:
        return running.wait()
    finally:
        signal.signal(signal.SIGINT, before)
