"""Events cross a real broker both ways, at least once outside and exactly once inside, whatever fails on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from kombu import Connection, Exchange, Queue

from orchestrator.choreography import envelope, store
from orchestrator.choreography.delivering import serve
from orchestrator.choreography.models import Bridge, Delivery, Refused, Topic
from orchestrator.choreography.registry import register
from orchestrator.choreography.targets import bridge as bridges
from orchestrator.choreography.targets import broker
from orchestrator.embedded.ports import free_port
from orchestrator.runtime import vault
from orchestrator.runtime.models import OutboxEvent
from orchestrator.runtime.requests import Published
from tests.choreography.cast import became, happened, make_due, numbers, relay
from tests.support import wait_for

pytestmark = pytest.mark.django_db
REDIS = shutil.which("redis-server") or ""
needs_redis = pytest.mark.skipif(
    not REDIS and os.environ.get("CI") != "true", reason="redis-server is not installed; apt-get install redis-server"
)
Server = subprocess.Popen[bytes]


class Redis:
    """A Redis server with a password, which can be killed and started again on its port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://:correct-horse@127.0.0.1:{self.port}/0"
        self.process: Server | None = None

    def start(self) -> None:
        words = [REDIS, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--requirepass", "correct-horse"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_for(self._answers, "Redis answers")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with Connection(self.url) as connection:
                connection.connect()
        except Exception:
            return False
        return True


def raw(connection: Connection) -> Any:
    """The Redis client below kombu."""
    channel: Any = connection.default_channel
    return channel.client


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    found = Redis()
    yield found
    found.kill()


@pytest.fixture
def redis(server: Redis) -> Redis:
    """Running, and empty."""
    if server.process is None:
        server.start()
    with Connection(server.url) as connection:
        raw(connection).flushall()
    return server


@pytest.fixture
def memory() -> str:
    """Another transport of kombu, inside this process."""
    return "memory://"


@pytest.fixture(params=["memory", pytest.param("redis", marks=needs_redis)])
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(request.param)
    return found if isinstance(found, str) else found.url


def bridge(topic: Topic, url: str, direction: str, **given: Any) -> Bridge:
    secret = vault.store("broker", url, "ada")
    name = f"{direction}-{next(numbers)}"
    values = {"name": name, "queue": name, **given}
    return Bridge.objects.create(topic=topic, direction=direction, secret=secret, **values)


def put(url: str, queue: str, *bodies: object, **more: Any) -> None:
    with Connection(url) as connection, connection.Producer() as producer:
        for body in bodies:
            text = body if isinstance(body, str | bytes) else json.dumps(body)
            producer.publish(text, routing_key=queue, content_type="application/cloudevents+json", **more)


def waiting(url: str, queue: str) -> list[Any]:
    """The messages of a queue, taken out of it."""
    found = []
    with Connection(url) as connection, connection.channel() as channel:
        while message := Queue(queue)(channel).get(no_ack=True):
            found.append(message)
    return found


def cloud_event(name: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": "https://shop.example",
        "type": "order.placed",
        "partitionkey": "a",
        "data": {"id": "a"},
        **more,
    }


def stored() -> list[str]:
    return list(OutboxEvent.objects.order_by("pk").values_list("event_id", flat=True))


def test_events_leave_as_cloudevents_in_their_order(orders: Topic, url: str) -> None:
    end = bridge(orders, url, "out")
    events = [happened("a"), happened("b"), happened("a")]
    assert relay(end) == 3
    found = waiting(url, end.queue)
    bodies = [json.loads(message.body) for message in found]
    assert [(body["id"], body["partitionkey"]) for body in bodies] == [(event.id, event.key) for event in events]
    assert [message.headers["partitionkey"] for message in found] == ["a", "b", "a"]
    assert len({message.properties["message_id"] for message in found}) == 3
    assert {message.content_type for message in found} == {"application/cloudevents+json"}
    assert became() == [("a", "done"), ("b", "done"), ("a", "done")]


def test_an_exchange_gets_the_type_as_the_routing_key(orders: Topic, url: str) -> None:
    end = bridge(orders, url, "out", queue="", exchange=f"shop-{next(numbers)}")
    placed = f"placed-{next(numbers)}"
    with Connection(url) as connection:
        Queue(placed, Exchange(end.exchange, type="topic"), routing_key="order.placed")(connection.channel()).declare()
    happened("a", "order.closed")
    event = happened("a")
    assert relay(end) == 2
    assert [json.loads(message.body)["id"] for message in waiting(url, placed)] == [event.id]


def test_what_comes_in_is_stored_once(orders: Topic, url: str) -> None:
    end = bridge(orders, url, "in")
    put(url, end.queue, cloud_event("1"), cloud_event("2"), cloud_event("1"))
    serve(end.pk)
    assert stored() == ["1", "2"]
    assert list(OutboxEvent.objects.values_list("topic", "key").distinct()) == [("orders", "a")]
    assert waiting(url, end.queue) == []
    end.refresh_from_db()
    assert (end.lease_until, end.failures) == (None, 0)


def test_a_bridge_brings_the_events_of_one_topic_to_another(orders: Topic, url: str) -> None:
    audit = Topic.objects.create(name="audit")
    out = bridge(orders, url, "out", queue="shared")
    into = bridge(audit, url, "in", queue="shared")
    event = happened("a")
    relay(out)
    serve(into.pk)
    assert list(OutboxEvent.objects.order_by("pk").values_list("topic", "event_id", "source", "key")) == [
        ("orders", event.id, event.source, "a"),
        ("audit", event.id, event.source, "a"),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no json", "not JSON"),
        (b"\xff\x00", "not JSON"),
        ([1], "must be a CloudEvent"),
        (cloud_event(id=""), "id must be"),
        (cloud_event(type="other"), "none that this bridge takes"),
        (cloud_event(data={"id": 7}), "does not fit order.placed 1.0.0"),
        (cloud_event(data="x" * 300_000), "larger than"),
        (cloud_event(time="0001-01-01T00:00:00+14:00"), "must lie in the years"),
    ],
)
def test_poison_is_kept_for_a_person_and_the_queue_goes_on(orders: Topic, memory: str, body: Any, reason: str) -> None:
    register(orders, "order.placed", "1.0.0", {"properties": {"id": {"type": "string"}}})
    end = bridge(orders, memory, "in", pattern="order.*")
    put(memory, end.queue, body, cloud_event("good"))
    serve(end.pk)
    assert stored() == ["good"]
    assert reason in Refused.objects.get(endpoint=end).reason
    assert waiting(memory, end.queue) == []


@needs_redis
def test_what_is_no_message_at_all_stops_nothing(orders: Topic, redis: Redis) -> None:
    end = bridge(orders, redis.url, "in")
    with Connection(redis.url) as connection:
        raw(connection).lpush(end.queue, "no json", '{"specversion": "1.0"}', '{"properties": {}}', 7)
    put(redis.url, end.queue, cloud_event("good"))
    serve(end.pk)
    assert stored() == ["good"]
    assert Refused.objects.filter(reason__contains="no message as kombu").count() == 4


def test_a_message_that_cannot_be_unpacked_is_kept(orders: Topic, memory: str) -> None:
    end = bridge(orders, memory, "in")
    put(memory, end.queue, "packed?", headers={"compression": "application/x-gzip"})
    serve(end.pk)
    assert "cannot be read" in Refused.objects.get().reason
    assert waiting(memory, end.queue) == []


def test_a_bridge_with_much_refused_takes_no_more(orders: Topic, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridges, "MOST_REFUSED", 1)
    end = bridge(orders, memory, "in")
    put(memory, end.queue, "bad")
    serve(end.pk)
    put(memory, end.queue, cloud_event("good"))
    serve(end.pk)
    end.refresh_from_db()
    assert (stored(), end.failures) == ([], 1)
    assert "wait for a person" in end.last_error
    Refused.objects.all().delete()
    make_due()
    serve(end.pk)
    assert stored() == ["good"]


class Killed(BaseException):
    """The end of a process: nothing handles it, and nothing is put back."""


@needs_redis
def test_a_crash_between_commit_and_acknowledgement_stores_nothing_twice(
    orders: Topic, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = bridge(orders, redis.url, "in")
    put(redis.url, end.queue, cloud_event("1"), cloud_event("2"))
    with monkeypatch.context() as crash:
        crash.setattr("kombu.transport.redis.QoS.ack", _killed)
        crash.setattr("kombu.transport.redis.QoS.restore_unacked_once", lambda *given, **named: None)
        with pytest.raises(Killed):
            serve(end.pk)
    assert stored() == ["1"]
    serve(end.pk)
    assert stored() == ["1", "2"]
    monkeypatch.setattr(broker, "VISIBLE_AGAIN", 0)
    put(redis.url, end.queue, cloud_event("3"))
    serve(end.pk)
    assert stored() == ["1", "2", "3"]
    with Connection(redis.url) as connection:
        assert raw(connection).keys("*unacked*") == []


def _killed(*given: Any) -> None:
    raise Killed


@needs_redis
@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_dead_broker_pauses_the_bridge_until_it_is_back(orders: Topic, redis: Redis, direction: str) -> None:
    end = bridge(orders, redis.url, direction)
    event = happened("a")
    redis.kill()
    relay(end)
    end.refresh_from_db()
    assert end.failures == 1
    assert end.paused_until
    assert "correct-horse" not in end.last_error
    assert Delivery.objects.filter(status="pending", attempts=0).count() == (direction == "out")
    redis.start()
    Bridge.objects.filter(pk=end.pk).update(paused_until=Now() + timedelta(hours=1))
    if direction == "in":
        put(redis.url, end.queue, cloud_event("new"))
    serve(end.pk)
    assert (became(), stored()) == ([("a", "pending")] if direction == "out" else [], [event.id])
    make_due()
    serve(end.pk)
    end.refresh_from_db()
    assert (end.failures, end.last_error) == (0, "")
    if direction == "out":
        assert len(waiting(redis.url, end.queue)) == 1
    else:
        assert stored() == [event.id, "new"]


@needs_redis
def test_a_broker_that_dies_on_the_way_gets_the_rest_later(
    orders: Topic, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = bridge(orders, redis.url, "out")
    events = [happened("a"), happened("a"), happened("a")]
    written = envelope.written

    def dying(event: Published) -> bytes:
        if event.id == events[1].id:
            redis.kill()
        return written(event)

    with monkeypatch.context() as patch:
        patch.setattr(envelope, "written", dying)
        relay(end)
    assert [status for _, status in became()] == ["done", "pending", "pending"]
    redis.start()
    make_due()
    serve(end.pk)
    assert [json.loads(message.body)["id"] for message in waiting(redis.url, end.queue)] == [
        event.id for event in events[1:]
    ]


@pytest.mark.parametrize(
    "url", ["os:system://x", "https://user:hunter22@shop.example", "confluentkafka://shop.example"]
)
def test_a_url_that_cannot_be_used_pauses_the_bridge_and_is_not_told(orders: Topic, url: str) -> None:
    end = bridge(orders, url, "out")
    happened("a")
    relay(end)
    end.refresh_from_db()
    assert end.last_error
    assert "shop.example" not in end.last_error
    assert became() == [("a", "pending")]


def test_a_slow_broker_is_left_alone_for_a_while(orders: Topic, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    end = bridge(orders, memory, "out")
    happened("a")
    monkeypatch.setattr(bridges, "BUDGET", -1.0)
    relay(end)
    end.refresh_from_db()
    assert "the rest is tried later" in end.last_error
    assert waiting(memory, end.queue) == []


def test_an_incoming_bridge_is_looked_at_again_and_again(orders: Topic, memory: str) -> None:
    end = bridge(orders, memory, "in")
    for _ in range(2):
        assert store.waiting(5.0) == [(end.pk, "bridge")]
        assert store.waiting(5.0) == []
        serve(end.pk)
    Bridge.objects.update(paused_until=Now(), active=False)
    assert store.waiting(5.0) == []
