"""Webhooks: what leaves is signed and tried again as the receiver answers; what comes in is verified and kept once."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from orchestrator.choreography import sweeping, views
from orchestrator.choreography.envelope import MAX_BODY, read
from orchestrator.choreography.models import Delivery, Received, Topic, Webhook
from orchestrator.choreography.registry import register
from orchestrator.choreography.signing import keys_of, sign, verify
from orchestrator.choreography.targets import webhook as outgoing
from orchestrator.definitions.models import Machine
from orchestrator.runtime import vault
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, start
from orchestrator.runtime.models import Instance, OutboxEvent
from tests.choreography.cast import became, happened, make_due, relay, subscribe

pytestmark = pytest.mark.django_db
OLD, NEW = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"o", b"n"))
CLOUD = "application/cloudevents+json"
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/shop",
    "type": "order.placed",
    "data": {"id": "a"},
}


class Receiver(BaseHTTPRequestHandler):
    """Notes what it is sent and answers each request with the next status, or 200."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[dict[str, str], bytes]] = []
    connections: set[Any] = set()
    answers: list[tuple[int, dict[str, str]]] = []
    body = b""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, content))
        self.connections.add(self.client_address)
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(self.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver(settings: Settings) -> Iterator[str]:
    Receiver.seen.clear()
    Receiver.connections.clear()
    Receiver.answers.clear()
    Receiver.body = b"thank you"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.HTTP_ALLOW_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}/in"
    server.shutdown()
    server.server_close()


def hook(topic: Topic, value: str = OLD, **given: Any) -> Webhook:
    values = {"name": "shop", "secret": vault.store("HOOK", value, "ada"), **given}
    return Webhook.objects.create(topic=topic, **values)


@pytest.fixture
def incoming(orders: Topic) -> Webhook:
    return hook(orders, direction="in", event_type="order.came")


def answered(end: Webhook, status: int, **headers: str) -> tuple[str, str]:
    """Status and error of a delivery after this answer."""
    Receiver.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}))
    happened("a")
    relay(end)
    delivery = Delivery.objects.latest("pk")
    return delivery.status, delivery.error


def post(body: bytes, kind: str = CLOUD, message: str = "m1", name: str = "shop", **changed: str) -> Any:
    """Send a body, signed with the old key unless a header is changed."""
    now = int(time.time())
    headers = {"webhook-id": message, "webhook-timestamp": str(now)}
    headers["webhook-signature"] = sign(keys_of(OLD), message, now, body)
    headers.update({f"webhook-{name}": value for name, value in changed.items()})
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/hooks/{name}", body, content_type=kind, headers=headers)


def refused(response: Any) -> tuple[int, str, str]:
    """Status, code and field of a refusal that left nothing behind."""
    assert not OutboxEvent.objects.exists()
    assert not Received.objects.exists()
    problem = response.json()["error"]
    assert problem["message"]
    return response.status_code, problem["code"], problem["field"]


def test_an_event_is_posted_as_a_signed_cloudevent(orders: Topic, receiver: str) -> None:
    end = hook(orders, f"{NEW} {OLD}", url=receiver)
    event = happened("ä", note="☂")
    assert relay(end) == 1
    headers, body = Receiver.seen[0]
    assert headers["content-type"] == CLOUD
    sent = read(json.loads(body), "orders")
    assert (sent.source, sent.id, sent.type, sent.key) == (event.source, event.id, event.type, "ä")
    assert json.loads(sent.data) == {"id": "ä", "note": "☂"}
    assert len(headers["webhook-signature"].split()) == 2
    for key in (OLD, NEW):
        message, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        verify(keys_of(key), message, timestamp, headers["webhook-signature"], body, time.time())
    assert became() == [("ä", "done")]


def test_every_attempt_has_the_same_id_and_events_share_a_connection(orders: Topic, receiver: str) -> None:
    end = hook(orders, url=receiver)
    Receiver.answers.append((503, {}))
    happened("a")
    happened("b")
    relay(end)
    assert became() == [("a", "pending"), ("b", "done")]
    assert len(Receiver.connections) == 1
    make_due()
    relay(end)
    first, other, again = (headers["webhook-id"] for headers, _ in Receiver.seen)
    assert first == again != other
    assert became() == [("a", "done"), ("b", "done")]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, "done"), (307, "failed"), (400, "failed"), (404, "failed"), (413, "failed"),
     (408, "pending"), (425, "pending"), (429, "pending"), (500, "pending"), (503, "pending")],
)  # fmt: skip
def test_the_status_says_whether_an_event_is_tried_again(
    orders: Topic, receiver: str, status: int, outcome: str
) -> None:
    found, error = answered(hook(orders, url=receiver), status, Location=f"{receiver}/else")
    assert (found, len(Receiver.seen)) == (outcome, 1)
    assert error.startswith("" if outcome == "done" else f"the host answered {status}")


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [("200", 190, 200), ("999999999999", 590, 600), ("-5", 0, 2), ("soon", 0, 2), ("Tue, 99 Foo", 0, 2)],
)
def test_the_wait_that_a_receiver_asks_for_is_kept_within_a_bound(
    orders: Topic, receiver: str, after: str, least: float, most: float
) -> None:
    answered(hook(orders, url=receiver), 429, Retry_After=after)
    wait = (Delivery.objects.get().due - timezone.now()).total_seconds()
    assert least <= wait <= most


def test_the_wait_may_be_a_date(orders: Topic, receiver: str) -> None:
    answered(hook(orders, url=receiver), 503, Retry_After=format_datetime(timezone.now() + timedelta(minutes=5), True))
    assert 280 <= (Delivery.objects.get().due - timezone.now()).total_seconds() <= 300


def test_a_receiver_that_is_gone_switches_its_webhook_off_and_the_events_wait(orders: Topic, receiver: str) -> None:
    end = hook(orders, url=receiver)
    happened("a")
    assert answered(end, 410) == ("pending", "")
    end.refresh_from_db()
    assert (end.active, len(Receiver.seen)) == (False, 1)
    assert end.last_error == "the host answered 410, so the webhook was switched off; its events wait"
    Webhook.objects.update(active=True)
    make_due()
    assert relay(end) == 2


def test_a_receiver_that_cannot_be_reached_is_left_alone(orders: Topic, receiver: str, settings: Settings) -> None:
    end = hook(orders, url="http://127.0.0.1:1/in")
    happened("a")
    relay(end)
    end.refresh_from_db()
    assert end.last_error.startswith("127.0.0.1 leads to 127.0.0.1, which is not allowed")
    settings.HTTP_ALLOW_HOSTS = ["127.0.0.1"]
    make_due()
    relay(end)
    end.refresh_from_db()
    assert end.last_error.startswith("the host could not be reached")
    assert became() == [("a", "pending")]


def test_a_long_answer_is_not_read_to_its_end(orders: Topic, receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_ANSWER", 10)
    Receiver.body = b"x" * 100_000
    end = hook(orders, url=receiver)
    happened("a")
    happened("b")
    assert relay(end) == 2
    assert len(Receiver.connections) == 2


def test_a_receiver_that_takes_too_long_in_all_ends_the_portion(
    orders: Topic, receiver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "PORTION", 0.0)
    end = hook(orders, url=receiver)
    happened("a")
    assert relay(end) == 0
    end.refresh_from_db()
    assert end.last_error == "no answer within 15 s"


def test_a_secret_that_cannot_sign_holds_the_events_and_is_told_nowhere(
    orders: Topic, receiver: str, caplog: pytest.LogCaptureFixture, incoming: Webhook
) -> None:
    end = hook(orders, "hunter2-hunter2", name="out", url=receiver)
    happened("a")
    relay(end)
    end.refresh_from_db()
    assert end.last_error.startswith("the secret is no signing key")
    assert (Receiver.seen, became()) == ([], [("a", "pending")])
    response = post(b"{}")
    assert response.status_code == 503
    assert "cannot verify anything: the secret is no signing key" in caplog.text
    assert "hunter2" not in caplog.text + response.text + end.last_error


def test_a_cloudevent_that_comes_in_reaches_the_instance_it_is_for(incoming: Webhook, hearer: Machine) -> None:
    end = subscribe(incoming.topic, hearer)
    start(StartRequest("hearer", "a"))
    response = post(json.dumps(EVENT).encode())
    assert (response.status_code, response.json()) == (202, {"id": "1", "duplicate": False})
    assert relay(end) == 1
    drain()
    assert json.loads(Instance.objects.get(key="a").snapshot)["context"]["heard"] == 1


def test_other_json_becomes_the_data_of_an_event_of_the_webhooks_type(incoming: Webhook) -> None:
    assert post(b'[1, {"a": "\\u2602"}]', "application/json; charset=utf-8").status_code == 202
    event = OutboxEvent.objects.get()
    found = (event.topic, event.type, json.loads(event.data), event.source, event.event_id)
    assert found == ("orders", "order.came", [1, {"a": "☂"}], "/hooks/shop", "m1")


def test_a_message_sent_again_is_answered_alike_and_stored_once(incoming: Webhook) -> None:
    body = json.dumps(EVENT).encode()
    answers = [post(body, message=message) for message in ("m1", "m1", "m2")]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True]
    assert (OutboxEvent.objects.count(), Received.objects.count()) == (1, 2)


def test_another_event_under_the_id_of_a_message_is_not_stored(incoming: Webhook) -> None:
    """The id alone says what was there, also after its event has been forgotten."""
    post(json.dumps(EVENT).encode())
    answer = post(json.dumps({**EVENT, "id": "2"}).encode())
    assert (answer.status_code, answer.json()["duplicate"]) == (202, True)
    assert OutboxEvent.objects.get().event_id == "1"


def test_ids_of_messages_are_forgotten_after_a_while(incoming: Webhook) -> None:
    post(b"1", "application/json", "old")
    post(b"1", "application/json", "new")
    Received.objects.filter(message="old").update(received_at=Now() - timedelta(days=sweeping.RECEIVED + 1))
    sweeping.sweep()
    assert list(Received.objects.values_list("message", flat=True)) == ["new"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"signature": ""}, "webhook-signature"),
        ({"signature": "v1,ÿ"}, "webhook-signature"),
        ({"signature": sign(keys_of(NEW), "m1", 0, b"{}")}, "webhook-signature"),
        ({"id": "m2"}, "webhook-signature"),
        ({"id": ""}, "webhook-id"),
        ({"timestamp": "1"}, "webhook-timestamp"),
        ({"timestamp": "now"}, "webhook-timestamp"),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_refused(incoming: Webhook, changed: dict[str, str], field: str) -> None:
    assert refused(post(json.dumps(EVENT).encode(), **changed)) == (401, "signature", field)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{", CLOUD, (400, "malformed", "")),
        (b"[" * 100_000, "application/json", (400, "malformed", "")),
        (b"\xff", "application/json", (400, "malformed", "")),
        (b"", "application/json", (400, "malformed", "")),
        (b"[" * 70 + b"]" * 70, "application/json", (422, "invalid", "data")),
        (b"[]", "application/cloudevents-batch+json", (415, "unsupported", "")),
        (json.dumps({**EVENT, "source": ""}).encode(), CLOUD, (422, "invalid", "source")),
        (json.dumps({**EVENT, "type": "audit"}).encode(), CLOUD, (422, "invalid", "type")),
        (json.dumps({**EVENT, "data": {"id": 7}}).encode(), CLOUD, (422, "invalid", "data")),
        (json.dumps({**EVENT, "type": "order.lost"}).encode(), CLOUD, (422, "invalid", "type")),
        (b" " * (MAX_BODY + 1), "application/json", (413, "too-large", "")),
        (b" " * 2_100_000, "application/json", (413, "too-large", "")),
    ],
    ids=range(12),
)
def test_a_body_that_cannot_be_taken_is_refused_by_its_field(
    incoming: Webhook, body: bytes, kind: str, expected: tuple[int, str, str]
) -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    register(incoming.topic, "order.placed", "1.0.0", schema)
    Topic.objects.update(strict=True)
    Webhook.objects.update(pattern="order.*")
    assert refused(post(body, kind)) == expected


def test_an_address_that_is_none_tells_nothing(orders: Topic, incoming: Webhook) -> None:
    hook(orders, name="out", url="https://shop.example/in")
    unknown = post(b"{}", name="nobody")
    assert refused(unknown) == (404, "not-found", "")
    assert post(b"{}", name="out").content == unknown.content
    Webhook.objects.filter(name="shop").update(active=False)
    assert (post(b"{}").status_code, post(b"{}").content) == (404, unknown.content)
    assert {Client().get(f"/hooks/{name}").status_code for name in ("shop", "nobody")} == {405}


def test_a_body_in_chunks_is_asked_for_with_its_length(incoming: Webhook) -> None:
    response = Client().post("/hooks/shop", b"", content_type=CLOUD, headers={"Transfer-Encoding": "chunked"})
    assert refused(response) == (411, "length-required", "")


def test_without_the_database_nothing_is_acknowledged(incoming: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(event: object) -> bool:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(views, "publish", lost)
    assert refused(post(json.dumps(EVENT).encode())) == (503, "unavailable", "")
