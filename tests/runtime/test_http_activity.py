from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from pytest_django import Settings

from orchestrator.runtime.activities.guard import denied
from orchestrator.runtime.activities.http import perform
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest
from orchestrator.statechart.definition import JSON


class Handler(BaseHTTPRequestHandler):
    """Answers by path and remembers what it was asked."""

    seen: list[tuple[str, dict[str, str], bytes]] = []
    release = threading.Event()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
        if self.path == "/slow":
            self.release.wait(10)
        if self.path == "/drops":
            return self._drop_by_drop()
        status = {"/503": 503, "/404": 404, "/moved": 302}.get(self.path, 200)
        body = b"x" * 1_100_000 if self.path == "/big" else json.dumps(self._answer()).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drop_by_drop(self) -> None:
        """A header without an end, and never silent for long."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(500):
            if self.release.wait(0.02):
                break
            self.wfile.write(b"x")

    def _answer(self) -> JSON:
        """Under /echo all that was sent; a service may well give it back."""
        if not self.path.startswith("/echo"):
            return {"ok": True, "order": {"id": 7}, "tags": ["a", "b"]}
        path, headers, body = self.seen[-1]
        return {"path": path, "headers": dict(headers), "sent": body.decode()}

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(settings: Settings) -> Iterator[str]:
    Handler.seen.clear()
    Handler.release.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.HTTP_ALLOW_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    Handler.release.set()
    server.shutdown()
    server.server_close()


def call(url: str, timeout: float = 5, **given: JSON) -> JSON:
    return perform(ActivityRequest({"url": url, **given}, timeout, "order-7-charge", 1))


def failure(url: str, timeout: float = 5, **given: JSON) -> ActivityError:
    with pytest.raises(ActivityError) as caught:
        call(url, timeout, **given)
    return caught.value


def test_a_request_carries_its_json_and_its_idempotency_key(server: str) -> None:
    answer = call(f"{server}/charge", json={"amount": 5}, headers={"X-Shop": "7"})
    path, headers, body = Handler.seen[0]
    assert isinstance(answer, dict)
    assert isinstance(answer["body"], dict)
    assert (answer["status"], answer["body"]["ok"]) == (200, True)
    assert (path, json.loads(body), headers["Idempotency-Key"], headers["X-Shop"]) == (
        "/charge",
        {"amount": 5},
        "order-7-charge",
        "7",
    )


@pytest.mark.parametrize(
    ("path", "error_class", "permanent"),
    [
        ("/503", "HTTP503", False),
        ("/404", "HTTP404", True),
        ("/moved", "HTTP302", True),
        ("/big", "ResponseTooLarge", True),
    ],
)
def test_an_answer_that_is_no_success_says_whether_to_try_again(
    server: str, path: str, error_class: str, permanent: bool
) -> None:
    error = failure(server + path)
    assert (error.error_class, error.permanent) == (error_class, permanent)
    assert len(Handler.seen) == 1, "redirects are not followed"


def test_a_slow_host_times_out(server: str) -> None:
    assert failure(f"{server}/slow", timeout=0.2).error_class == "Timeout"


def test_a_host_that_answers_drop_by_drop_times_out_too(server: str) -> None:
    assert failure(f"{server}/drops", timeout=0.2).error_class == "Timeout"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
)
def test_addresses_of_this_machine_are_refused_when_the_socket_opens(
    server: str, host: str, settings: Settings
) -> None:
    port = server.rsplit(":", 1)[1]
    settings.HTTP_ALLOW_HOSTS = []
    error = failure(f"http://{host}:{port}/charge")
    assert (error.error_class in {"ForbiddenAddress", "ConnectionError"}, Handler.seen) == (True, [])


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ],
)
def test_private_and_special_addresses_are_denied(address: str) -> None:
    assert denied(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert not denied(ip_address(address))


@pytest.mark.parametrize(
    "given",
    [
        {"method": "BREW"},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X": "ü"}},
        {"headers": ["X"]},
        {"surprise": 1},
        {"url": "file:///etc/passwd"},
        {"url": "http://"},
    ],
)
def test_bad_input_is_a_permanent_error_and_sends_nothing(server: str, given: dict[str, JSON]) -> None:
    with pytest.raises(ActivityError) as caught:
        perform(ActivityRequest({"url": server, **given}, 5, "k", 1))
    assert caught.value.permanent
    assert Handler.seen == []


def test_the_result_is_what_the_response_is_asked_for(server: str) -> None:
    response: JSON = {
        "id": "body.order.id",
        "tags": "body.tags.filter(item, item != 'a')",
        "kind": "headers['content-type']",
        "fine": "status == 200",
    }
    assert call(server, response=response) == {"id": 7, "tags": ["b"], "kind": "application/json", "fine": True}


@pytest.mark.parametrize(
    ("path", "success", "error_class", "permanent"),
    [
        ("/", "body.ok && status == 200", "", False),
        ("/404", "status == 404", "", False),
        ("/", "body.order.id == 8", "Unsuccessful", False),
        ("/404", "status < 300", "HTTP404", True),
        ("/503", "status < 300", "HTTP503", False),
        ("/", "body.nothing", "ResponseMapping", True),
        ("/", "body.order.id", "ResponseMapping", True),
    ],
)
def test_the_chart_may_say_what_is_a_success(
    server: str, path: str, success: str, error_class: str, permanent: bool
) -> None:
    if not error_class:
        assert isinstance(call(server + path, success=success), dict)
        return
    error = failure(server + path, success=success)
    assert (error.error_class, error.permanent) == (error_class, permanent)


def test_an_answer_that_lacks_what_is_asked_for_is_not_asked_again(server: str) -> None:
    error = failure(server, response={"id": "body.invoice.id"})
    assert (error.error_class, error.permanent, len(Handler.seen)) == ("ResponseMapping", True, 1)
    assert "input.response.id" in error.message


@pytest.mark.parametrize(
    "given",
    [
        {"response": "body.id"},
        {"response": {"id": 1}},
        {"response": {"id": "body."}},
        {"success": "1 + 1"},
    ],
)
def test_an_expression_that_does_not_compile_sends_nothing(server: str, given: dict[str, Any]) -> None:
    error = failure(server, **given)
    assert (error.error_class, error.permanent, Handler.seen) == ("InvalidInput", True, [])
