"""The whole of Signalbox as `make run` starts it: its own PostgreSQL, web, worker and beat, in an empty folder.

SIGNALBOX_URL and SIGNALBOX_PASSWORD name one that runs already, such as `make run` in a fresh clone.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support import wait_for

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds for a first start, which makes the database
SETTINGS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "BASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Site:
    url: str
    password: str


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if os.environ.get("SIGNALBOX_URL"):
        yield Site(os.environ["SIGNALBOX_URL"], os.environ["SIGNALBOX_PASSWORD"])
        return
    folder = tmp_path_factory.mktemp("signalbox")
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment = {**kept, "SIGNALBOX_VAR": str(folder / "var"), "PORT": str(port), "ALERT_GATHER": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, folder / "log")
            password = (folder / "var" / "admin-password").read_text().strip()
            yield Site(f"http://127.0.0.1:{port}", password)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) in (0, 130), (folder / "log").read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        assert process.poll() is None, f"it ended with {process.returncode}: {log.read_text()}"
        try:
            return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(ready, f"{url}/readyz", PATIENCE)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A browser that knows nothing yet; an error on any page fails the test."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []
