"""TCP ports of this machine."""

from __future__ import annotations

import secrets
import socket

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_767  # below the range from which outgoing connections take theirs


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def problem(port: int) -> str:
    """Why the web process cannot listen on this port, as a sentence with the mend, or nothing."""
    if not 0 < port < 65_536:
        return f"PORT must be a number from 1 to 65535, and {port} is not."
    if port < 1024 and not is_free(port):
        return f"Port {port} is taken or kept for the system; choose another above 1023, for example PORT=8000."
    return "" if is_free(port) else f"Port {port} is taken; choose another, for example PORT={port % 65_535 + 1}."


def free_port(preferred: int = 0) -> int:
    """A free port which no outgoing connection takes; the preferred one where that is possible."""
    if preferred and is_free(preferred):
        return preferred
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST + 1)
        if is_free(port):
            return port
