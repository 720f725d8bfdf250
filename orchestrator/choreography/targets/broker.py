"""Connections to message brokers: short-lived, with bounds on time, and with errors that do not tell the URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from kombu import Connection, Queue
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES

from orchestrator.choreography.models import Bridge
from orchestrator.choreography.targets.base import Unreachable
from orchestrator.runtime import vault
from orchestrator.runtime.veil import Veil

CONNECT, ANSWER = 5.0, 10.0  # seconds
VISIBLE_AGAIN = 60.0  # seconds after which Redis gives out anew what a dead worker took
RESTORED = 1_000  # messages of dead workers that one turn takes back


class Link:
    """One open channel to the broker of a bridge, whose queue and exchange are in place."""

    def __init__(self, connection: Connection, channel: Any, veil: Veil) -> None:
        self.channel = channel
        self.lost: tuple[type[BaseException], ...] = (
            *connection.connection_errors,
            *connection.channel_errors,
            OperationalError,
        )
        self._veil = veil

    def words(self, error: BaseException) -> str:
        """An error without the URL."""
        return self._veil.text(f"{type(error).__name__}: {error}")


@contextmanager
def linked(bridge: Bridge) -> Iterator[Link]:
    """A link to the broker. Raises Unreachable for whatever fails in it, since any error may tell the URL."""
    veil = Veil()
    try:
        url = vault.opened_by_hand(bridge.secret_id)
        veil = Veil([url, unquote(url)])
        with _connection(url, bridge) as connection:
            connection.connect()
            _put_in_place(connection, bridge)
            with connection.channel() as channel:
                yield Link(connection, channel, veil)
    except Unreachable:
        raise
    except Exception as error:
        raise Unreachable(veil.text(f"{type(error).__name__}: {error}")) from None


def take_back(channel: Any) -> None:
    """Put what dead workers had taken into its queue again; brokers other than Redis do that of themselves."""
    if hasattr(channel, "qos") and hasattr(channel.qos, "restore_visible"):
        channel.qos.restore_visible(num=RESTORED, interval=1)


def _connection(url: str, bridge: Bridge) -> Connection:
    scheme, found, _ = url.partition("://")
    if not found or scheme.partition("+")[0] not in TRANSPORT_ALIASES:
        raise Unreachable("the secret must hold the URL of a broker, such as amqps://user:password@host/vhost")
    return Connection(url, connect_timeout=CONNECT, transport_options=_options(scheme, bridge))


def _options(scheme: str, bridge: Bridge) -> dict[str, Any]:
    """Time bounds; publisher confirms of AMQP; keys on Redis of our own, as Celery may wait longer for its messages."""
    if scheme.startswith(("amqp", "pyamqp")):
        return {"confirm_publish": True, "read_timeout": ANSWER, "write_timeout": ANSWER}
    if scheme.startswith(("redis", "sentinel")):
        own = f"signalbox.{bridge.queue or bridge.exchange}.unacked"
        return {
            "visibility_timeout": VISIBLE_AGAIN,
            "socket_connect_timeout": CONNECT,
            "socket_timeout": ANSWER,
            "unacked_key": own,
            "unacked_index_key": f"{own}.index",
            "unacked_mutex_key": f"{own}.mutex",
        }
    return {}


def _put_in_place(connection: Connection, bridge: Bridge) -> None:
    """Make the exchange and the queue unless they are there, whatever arguments they were made with."""
    if bridge.exchange:
        _ensure(connection, "exchange_declare", exchange=bridge.exchange, type="topic")
    if bridge.queue:
        _ensure(connection, "queue_declare", queue=bridge.queue)
    if bridge.exchange and bridge.queue:
        with connection.channel() as channel:
            Queue(bridge.queue)(channel).bind_to(bridge.exchange, routing_key="#")


def _ensure(connection: Connection, declare: str, **entity: str) -> None:
    """Ask first, on a channel of its own: AMQP closes the channel on which something was not found."""
    try:
        with connection.channel() as channel:
            getattr(channel, declare)(**entity, durable=True, auto_delete=False, passive=True)
    except connection.channel_errors:
        with connection.channel() as channel:
            getattr(channel, declare)(**entity, durable=True, auto_delete=False)
