"""What several kinds of tests need: waiting for a condition, and a browser or a clear word that there is none."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
needs_chromium = pytest.mark.skipif(
    not CHROMIUM and os.environ.get("CI") != "true",
    reason="Chromium is not installed; apt-get install chromium",
)
LOOK_EVERY = 0.1  # seconds
Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], what: str, seconds: float = 30.0) -> Found:
    """What the condition answers once that is truthy; an AssertionError naming `what` when it never is."""
    until = time.monotonic() + seconds
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds:g} s"
        pause.wait(LOOK_EVERY)
    return found
