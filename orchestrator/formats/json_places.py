"""JSON texts whose errors have a line and a column.

Python's parser tells neither where a value stands nor where a key stands twice, so a text that is refused is looked
through once more, token by token and without recursion; a text that is read pays nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from orchestrator.formats.errors import FormatError
from orchestrator.statechart.reading import MAX_BYTES, MAX_DEPTH, DocumentError
from orchestrator.statechart.reading import loads as load_object

LONGEST_KEY = 80  # characters of an unknown key which an error path keeps
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\]]|[^\s{}\[\],:"]++', re.DOTALL)


class Token(NamedTuple):
    """A piece of a text: `kind` is key, open, close or scalar; `depth` counts the objects and lists around it."""

    offset: int
    kind: str
    text: str
    depth: int


def loads(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a text. Raises FormatError with the place of what is wrong."""
    try:
        return load_object(text)
    except DocumentError as error:
        raise located(error, text) from error


def located(error: DocumentError, text: str | bytes) -> FormatError:
    """The error of a text with its line and column."""
    if len(text) > MAX_BYTES:
        return FormatError(error.message, line=1, column=1)
    try:
        shown = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as wrong:
        before = wrong.object[: wrong.start].decode("utf-8-sig")
        return _at(before, len(before), error.message, "")
    if error.path:
        return _at(shown, offset_of(error.path, shown), error.message, error.path)
    offset, message = _fault(shown) or (_start(shown), error.message)
    return _at(shown, offset, message, "")


def offset_of(path: str, text: str) -> int:
    """Where the part at a path such as `states/review/on/0` begins: its key, or itself in a list.

    Of a part which is missing it is the nearest one that should hold it. Keys may hold any character, so the path is
    compared as a whole and never taken apart.
    """
    nearest = _start(text)
    around: list[_Holder] = []
    here: str | None = ""
    for token in _tokens(text):
        if token.kind == "close":
            around.pop()
            continue
        if token.kind == "key":
            key = _plain(token.text)
            here = around[-1].key_path(key, path)
            if path in (here, around[-1].join(key[:LONGEST_KEY])):
                return token.offset
            continue
        holder = around[-1] if around else None
        if holder is not None and holder.is_list:
            here = holder.next_path(path)
            if here == path:
                return token.offset
        nearest = nearest if here is None else token.offset
        if token.kind == "open":
            around.append(_Holder(here, token.text == "["))
    return nearest


class _Holder:
    """An object or a list on the way; `path` is None where what is looked for cannot be inside."""

    __slots__ = ("count", "is_list", "path")

    def __init__(self, path: str | None, is_list: bool) -> None:
        self.path = path
        self.is_list = is_list
        self.count = 0

    def join(self, key: str) -> str | None:
        return f"{self.path}/{key}" if self.path else None if self.path is None else key

    def key_path(self, key: str, wanted: str) -> str | None:
        """The path of a member when it is the wanted part, or may hold it."""
        path = self.join(key)
        return path if path is not None and (path in ("", wanted) or wanted.startswith(f"{path}/")) else None

    def next_path(self, wanted: str) -> str | None:
        self.count += 1
        return None if self.path is None else self.key_path(str(self.count - 1), wanted)


def _tokens(text: str) -> Iterator[Token]:
    """The tokens of a text; brackets that do not match are taken as they come, for the syntax is checked elsewhere."""
    kinds: list[str] = []
    expect_key = False
    for found in TOKEN.finditer(text):
        part = found.group()
        if part in ("{", "["):
            yield Token(found.start(), "open", part, len(kinds))
            kinds.append(part)
            expect_key = part == "{"
        elif part in ("}", "]"):
            if not kinds:
                return
            kinds.pop()
            yield Token(found.start(), "close", part, len(kinds))
            expect_key = bool(kinds) and kinds[-1] == "{"
        elif expect_key:
            yield Token(found.start(), "key", part, len(kinds))
            expect_key = False
        else:
            yield Token(found.start(), "scalar", part, len(kinds))
            expect_key = bool(kinds) and kinds[-1] == "{"


def _fault(text: str) -> tuple[int, str] | None:
    """The first thing in a text which makes it no JSON document, and what to do about it."""
    end, reason = _syntax_error(text) or (len(text), "")
    seen: list[set[str]] = []
    for token in _tokens(text):
        if token.offset >= end:
            break
        if token.kind in ("open", "scalar") and token.depth >= MAX_DEPTH:
            return token.offset, f"nested deeper than {MAX_DEPTH} levels; flatten it"
        if token.kind == "open":
            seen.append(set())
        elif token.kind == "close":
            seen.pop()
        elif token.kind == "key":
            key = _plain(token.text)
            if key in seen[-1]:
                return token.offset, f"the key “{key[:80]}” stands twice in one object; keep one of them"
            seen[-1].add(key)
        elif not _is_finite(token.text):
            return token.offset, f"{token.text[:20]} is not a number that JSON can hold; write a finite one"
    return (end, reason) if reason else None


def _syntax_error(text: str) -> tuple[int, str] | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos, f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
    except (RecursionError, ValueError):  # too deep, or a number of too many digits: both are found among the tokens
        return None
    return None


def _is_finite(scalar: str) -> bool:
    """Whether a token is anything but a number past all bounds or none at all, as NaN."""
    if scalar[0] in '"tfn':
        return True
    try:
        return math.isfinite(float(scalar))
    except ValueError:
        return True


def _plain(token: str) -> str:
    """The key that a token stands for."""
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def _start(text: str) -> int:
    return len(text) - len(text.lstrip())


def _at(text: str, offset: int, message: str, place: str) -> FormatError:
    """An error at this offset of a text; lines and columns count from 1."""
    line = text.count("\n", 0, offset) + 1
    return FormatError(message, place, line, offset - text.rfind("\n", 0, offset))
