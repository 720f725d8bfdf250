"""Columns of a batch as PostgreSQL's binary arrays: psycopg encodes lists one item after another, which costs more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

HEADER = Struct("!5i")  # dimensions, whether there are nulls, type of the items, length, lower bound
NULL = pack("!i", -1)
LENGTH = Struct("!i")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's own


class BigInts(list[int]):
    """A bigint[] without nulls."""


class Ints(list[int]):
    """An int[] without nulls."""


class Texts(list[str]):
    """A text[] without nulls."""


class Moments(list[datetime | None]):
    """A timestamptz[]."""


def _array(item: int, length: int, body: bytes, nulls: bool = False) -> bytes:
    return HEADER.pack(1, nulls, item, length, 1) + body if length else HEADER.pack(0, 0, item, 0, 0)[:12]


def _fixed(size: int, code: str, values: Sequence[int]) -> bytes:
    return pack(f"!{f'i{code}' * len(values)}", *chain.from_iterable(zip(repeat(size), values, strict=False)))


class _ArrayDumper(Dumper):
    format = Format.BINARY
    item: ClassVar[int]


class _BigIntsDumper(_ArrayDumper):
    oid, item = 1016, 20

    def dump(self, obj: BigInts) -> Buffer:
        return _array(self.item, len(obj), _fixed(8, "q", obj))


class _IntsDumper(_ArrayDumper):
    oid, item = 1007, 23

    def dump(self, obj: Ints) -> Buffer:
        return _array(self.item, len(obj), _fixed(4, "i", obj))


class _TextsDumper(_ArrayDumper):
    oid, item = 1009, 25

    def dump(self, obj: Texts) -> Buffer:
        length = LENGTH.pack
        encoded = [text.encode() for text in obj]
        return _array(self.item, len(obj), b"".join(chain.from_iterable((length(len(one)), one) for one in encoded)))


class _MomentsDumper(_ArrayDumper):
    oid, item = 1185, 1184

    def dump(self, obj: Moments) -> Buffer:
        return _array(self.item, len(obj), b"".join(map(_moment, obj)), nulls=None in obj)


def _moment(value: datetime | None) -> bytes:
    if value is None:
        return NULL
    since = value - EPOCH
    return pack("!iq", 8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


DUMPERS: Sequence[tuple[type, type[Dumper]]] = (
    (BigInts, _BigIntsDumper),
    (Ints, _IntsDumper),
    (Texts, _TextsDumper),
    (Moments, _MomentsDumper),
)


def teach(connection: psycopg.Connection[Any]) -> None:
    """Let the cursors of this connection take the arrays above as parameters."""
    for kind, dumper in DUMPERS:
        connection.adapters.register_dumper(kind, dumper)


def columns(rows: Iterable[Sequence[Any]], *kinds: type[list[Any]]) -> list[list[Any]]:
    """Rows turned into one list per column, each of the kind that is named for it; without kinds, of some rows only."""
    listed: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * len(kinds)
    made: Sequence[type[list[Any]]] = kinds or [list] * len(listed)
    return [kind(column) for kind, column in zip(made, listed, strict=True)]
