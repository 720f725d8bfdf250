"""Where an HTTP activity may connect: judged when the socket opens, so no name can be rebound in between."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore
import httpx
from django.conf import settings

# Listed by hand, because the standard library's is_private and is_global miss some.
DENIED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)


class ForbiddenAddress(Exception):
    """The host leads to an address which activities may not reach."""


def denied(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is private, local, reserved, multicast, a metadata service or a tunnel to one."""
    return any(address in network for network in DENIED if network.version == address.version)


def allowed_host(host: str, port: int) -> bool:
    """Whether the operator listed this host, or host:port, in HTTP_ALLOW_HOSTS."""
    listed = {entry.lower() for entry in settings.HTTP_ALLOW_HOSTS}
    return host.lower() in listed or f"{host.lower()}:{port}" in listed


def permitted(host: str, port: int) -> str:
    """An address of this host to connect to. Raises ForbiddenAddress, or httpcore.ConnectError when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the host {host} was not found") from error
    addresses = [str(entry[4][0]) for entry in found]
    if allowed_host(host, port):
        return addresses[0]
    for address in addresses:
        if not denied(ip_address(address.split("%", 1)[0])):
            return address
    raise ForbiddenAddress(
        f"{host} leads to {addresses[0]}, which is not allowed; an operator may list it in HTTP_ALLOW_HOSTS"
    )


class TimedStream(httpcore.NetworkStream):
    """A connection that ends at a deadline, even when its host sends a drop before each timeout."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None, late: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise late("the time for all is over")
        return left if timeout is None else min(timeout, left)


class GuardedBackend(httpcore.NetworkBackend):
    """Opens sockets to permitted addresses only."""

    def __init__(self, deadline: float) -> None:
        self._sockets = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        address = permitted(host, port)
        stream = self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
        return TimedStream(stream, self._deadline)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        raise ForbiddenAddress("sockets of this machine are not allowed")


class GuardedTransport(httpx.HTTPTransport):
    """httpx's transport over guarded sockets, without proxies; all must be over at the deadline (monotonic)."""

    def __init__(self, deadline: float) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=GuardedBackend(deadline))
