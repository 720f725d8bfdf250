"""Reading an event log: CSV or CSV.gz with the columns case, event, lifecycle, time, then resource and case attributes.

A log is read twice: `inspect` checks every row before anything is done with the first, `read` then yields the events.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

REQUIRED = ("case", "event", "lifecycle", "time")
OWN_COLUMNS = (*REQUIRED, "resource")
CASE_PREFIX = "case:"
LONGEST_NAME = 200  # characters of a case or an event
LONGEST_FIELD = 100_000  # characters of any field
GZIP_MAGIC = b"\x1f\x8b"


class LogError(Exception):
    """The file cannot be replayed; the message is one plain sentence, with the row where there is one."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One row; `row` counts from 1, `attributes` are those of the case and stand on its first event only."""

    row: int
    case: str
    event: str
    lifecycle: str
    time: datetime
    resource: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class LogInfo:
    """What a checked log holds; `digest` is the SHA-256 of its text, whether or not it was compressed."""

    events: int
    cases: int
    digest: str


def inspect(path: Path) -> LogInfo:
    """Read and check the whole log. Raises LogError."""
    cases: set[str] = set()
    events = 0
    for event in read(path):
        cases.add(event.case)
        events += 1
    return LogInfo(events=events, cases=len(cases), digest=_digest(path))


def read(path: Path) -> Iterator[LogEvent]:
    """The events in the order of the file. Raises LogError."""
    csv.field_size_limit(LONGEST_FIELD)
    seen: set[str] = set()
    try:
        with _opened(path) as binary:
            rows = csv.reader(io.TextIOWrapper(binary, encoding="utf-8-sig", newline=""))
            header = _header(next(rows, []))
            for number, values in enumerate(rows, start=1):
                if values:
                    yield _event(number, header, values, seen)
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    except UnicodeDecodeError:
        raise LogError(f"{path} is not UTF-8 text.") from None
    except csv.Error as error:
        raise LogError(f"{path} is not CSV: {error}.") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The text's bytes; gzip is known by its first bytes, whatever the file is called."""
    with path.open("rb") as file:
        if file.read(2) == GZIP_MAGIC:
            file.seek(0)
            with gzip.open(file) as unpacked:
                yield io.BufferedReader(unpacked)
        else:
            file.seek(0)
            yield file


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with _opened(path) as binary:
        while block := binary.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _header(names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise LogError(
            f"The header has no column {', '.join(missing)}; the columns are {', '.join(OWN_COLUMNS)}, then attributes."
        )
    if len(set(names)) < len(names):
        raise LogError("The header names a column twice.")
    return names


def _event(number: int, header: list[str], values: list[str], seen: set[str]) -> LogEvent:
    if len(values) != len(header):
        raise LogError(f"Row {number} has {len(values)} fields; the header has {len(header)}.")
    row = dict(zip(header, values, strict=True))
    case = _name(number, "case", row["case"])
    attributes = {} if case in seen else _attributes(row)
    seen.add(case)
    return LogEvent(
        row=number,
        case=case,
        event=sys.intern(_name(number, "event", row["event"])),
        lifecycle=row["lifecycle"],
        time=_time(number, row["time"]),
        resource=row.get("resource", ""),
        attributes=attributes,
    )


def _attributes(row: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix(CASE_PREFIX): value for name, value in row.items() if name not in OWN_COLUMNS}


def _name(number: int, column: str, value: str) -> str:
    if not 0 < len(value) <= LONGEST_NAME or not value.isprintable():
        raise LogError(f"Row {number}: {column} must have 1 to {LONGEST_NAME} printable characters.")
    return value


def _time(number: int, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise LogError(f"Row {number}: “{text[:40]}” is not an ISO 8601 time.") from None
    if time.utcoffset() is None:
        raise LogError(f"Row {number}: the time “{text[:40]}” has no offset such as +01:00 or Z.")
    return time
