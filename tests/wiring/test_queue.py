"""The queue inside PostgreSQL, through kombu, and beat's restraint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from celery import current_app
from celery.beat import ScheduleEntry
from celery.schedules import schedule
from django.conf import settings
from django.db import connection
from kombu import Connection, Consumer, Producer, Queue
from kombu.exceptions import OperationalError

from orchestrator import environment
from orchestrator.celery import MOST_WAITING, SweepScheduler
from orchestrator.embedded import queue
from orchestrator.embedded.broker import ensure_queue
from tests.support import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
HINTS = Queue("hints")


def address() -> str:
    return environment.queue_address(connection.settings_dict)


def broker(conn_string: str, **more: object) -> Connection:
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "conn_string": conn_string, **more}
    return Connection("pgmq://localhost", transport_options=options)


def channel_of(link: Connection) -> Any:
    return link.channel()


@pytest.fixture
def link() -> Iterator[Connection]:
    with connection.cursor() as cursor:
        ensure_queue(cursor.connection)
        ensure_queue(cursor.connection)
    with broker(address()) as link:
        bound = HINTS(link.channel())
        bound.declare()
        yield link
        bound.delete()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but a ring end a wait."""
    monkeypatch.setattr(queue, "LONGEST_WAIT", 120.0)


def send(link: Connection, *bodies: int) -> None:
    producer = Producer(link.channel())
    for body in bodies:
        producer.publish(body, routing_key=HINTS.name, serializer="json")


def test_a_message_wakes_who_waits_for_it(link: Connection, patient: None) -> None:
    got: list[Any] = []
    consumer = Consumer(link.channel(), [HINTS], callbacks=[lambda body, message: got.append(body)])
    with ThreadPoolExecutor(1) as thread, consumer, broker(address()) as other:
        waiting = thread.submit(link.drain_events, timeout=120)
        send(other, 7)
        waiting.result(20)
    assert got == [7]


def test_an_acknowledgement_makes_room_at_once(link: Connection, patient: None) -> None:
    """All who work are busy; the wait for the next message ends when one of them is done."""
    got: list[Any] = []
    channel = channel_of(link)
    channel.basic_qos(0, 1, False)
    consumer = Consumer(channel, [HINTS], callbacks=[lambda body, message: got.append((body, message))])
    send(link, 1, 2)
    with ThreadPoolExecutor(1) as thread, consumer:
        link.drain_events(timeout=20)
        waiting = thread.submit(link.drain_events, timeout=120)
        got[0][1].ack()
        waiting.result(20)
    assert [body for body, _ in got] == [1, 2]


def test_a_message_that_was_not_acknowledged_comes_again(link: Connection) -> None:
    send(link, 5)
    with broker(address(), visibility_timeout=1) as crashing:
        got = channel_of(crashing).basic_get(HINTS.name)
        assert got is not None
    again = wait_for(lambda: channel_of(link).basic_get(HINTS.name), "the message comes again")
    assert again.payload == 5
    again.ack()


def test_a_password_of_any_characters_reaches_the_server(link: Connection) -> None:
    password = 'it\'s a \\ "secret" @:/?'
    with psycopg.connect(**_whereabouts(), autocommit=True) as own:
        own.execute(psycopg.sql.SQL("CREATE ROLE odd SUPERUSER LOGIN PASSWORD {}").format(password))
        try:
            parts = {**connection.settings_dict, "USER": "odd", "PASSWORD": password, "OPTIONS": {"sslmode": "prefer"}}
            with broker(environment.queue_address(parts)) as odd:
                send(odd, 1)
        finally:
            own.execute("DROP OWNED BY odd")
            own.execute("DROP ROLE odd")


def test_a_database_that_is_gone_is_an_error_from_which_a_worker_recovers() -> None:
    gone = broker("postgresql://a:b@127.0.0.1:1/c", pool_timeout=1)
    with pytest.raises(gone.connection_errors):
        gone.connect()


def test_sweeps_do_not_pile_up_while_no_worker_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", "memory://")
    scheduler = SweepScheduler(current_app, lazy=True)
    entry = ScheduleEntry(
        "runtime", "runtime.sweep", schedule=schedule(1.0), options={"queue": "sweep"}, app=current_app
    )
    for _ in range(3 * MOST_WAITING):
        scheduler.apply_entry(entry, scheduler.producer)
    with current_app.connection_for_read() as read:
        channel = channel_of(read)
        waiting = channel.queue_declare("sweep").message_count
        channel.queue_purge("sweep")
    assert waiting == MOST_WAITING


def _whereabouts() -> dict[str, Any]:
    given = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: given[key] for name, key in names.items()}


def test_a_broker_that_is_down_costs_a_request_no_time() -> None:
    down = Connection("redis://127.0.0.1:1/0", transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        _ = down.default_channel
    assert time.monotonic() - begun < 2
