"""A Redis that keeps nothing on disk and can be killed: hints may be lost."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from types import TracebackType

import redis

from orchestrator.embedded.ports import free_port
from tests.support import wait_for


class Redis:
    """Started again it has the same address and remembers nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server") or "redis-server"
        words = [program, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--daemonize", "no"]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for(self.answers, "Redis answers")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def forget_all(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis(port=self.port, socket_connect_timeout=1) as client:
            return bool(client.ping())
        return False

    def __enter__(self) -> Redis:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
