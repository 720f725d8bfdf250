"""The world outside: a web service and a mail server on loopback which remember under which key they were asked."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Received:
    """What came for each business key: the idempotency keys, and what was asked, in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.keys: dict[str, set[str]] = defaultdict(set)
        self.asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.calls = 0

    def note(self, business_key: str, idempotency_key: str, asked: dict[str, Any]) -> bool:
        """Whether this was the first call under its idempotency key."""
        with self._lock:
            self.calls += 1
            known = idempotency_key in self.keys[business_key]
            self.keys[business_key].add(idempotency_key)
            if not known:
                self.asked[business_key].append(asked)
            return not known


class HttpSink(ThreadingHTTPServer):
    """`/note` answers, `/refuse` refuses for good, `/held` answers its first call only when `gate` is opened."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = Received()
        self.gate = threading.Event()
        self.waiting = threading.Event()  # a call is being held
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who was killed does not hear the answer; that is what the sink is for."""

    def stop(self) -> None:
        self.gate.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: HttpSink

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        first = self.server.received.note(str(asked["key"]), self.headers["Idempotency-Key"], asked)
        if self.path == "/held" and first:
            self.server.waiting.set()
            self.server.gate.wait(60)
        body = json.dumps({"first": first}).encode()
        self.send_response(422 if self.path == "/refuse" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class MailSink:
    """Takes every mail; its subject is the business key and its Message-ID the idempotency key."""

    def __init__(self, port: int) -> None:
        self.received = Received()
        self.url = f"smtp://127.0.0.1:{port}"
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        message = message_from_bytes(content if isinstance(content, bytes) else str(content).encode())
        self.received.note(str(message["Subject"]), str(message["Message-ID"]), {})
        return "250 OK"

    def stop(self) -> None:
        self._controller.stop()
