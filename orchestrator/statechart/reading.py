"""Typed access to a JSON document: each getter knows where it stands and refuses what does not belong there."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_TEXT = 20_000  # characters of any one text
MAX_ITEMS = 2_000  # entries of one list of transitions, actions, events ...
LARGEST = sys.float_info.max  # JSON has no bound, but others read its numbers as doubles
KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


class DocumentError(ValueError):
    """A document that cannot be read as a chart; `path` is where, `message` says the mend."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def loads(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a text. Raises DocumentError for anything else, also for repeated keys and deep nesting."""
    if len(text) > MAX_BYTES:
        raise DocumentError("", f"the document has {len(text)} bytes; at most {MAX_BYTES} can be read")
    try:
        shown = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = json.loads(shown, object_pairs_hook=_object, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise DocumentError("", f"not valid JSON in line {error.lineno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise DocumentError("", "not UTF-8 text; save the file as UTF-8") from None
    except RecursionError:
        raise DocumentError("", f"nested deeper than {MAX_DEPTH} levels; flatten it") from None
    except DocumentError:
        raise
    except ValueError as error:  # a number with too many digits
        raise DocumentError("", f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise DocumentError("", "not a JSON object; a document begins with {")
    check_json(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused when a key stands twice, because one of the two would be lost in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise DocumentError("", f"the key “{twice[:80]}” stands twice in one object; keep one of them")
    return found


def _refuse(name: str) -> None:
    raise DocumentError("", f"{name} is not a JSON number; write a finite one")


def check_json(document: object) -> None:
    """Raises DocumentError for what is no JSON, cannot be stored, or is nested past MAX_DEPTH.

    Works level by level, so that no depth can exhaust the stack.
    """
    level: list[tuple[str, object]] = [("", document)]
    for _ in range(MAX_DEPTH):
        level = [inner for path, value in level for inner in _children(path, value)]
        if not level:
            return
    raise DocumentError("", f"nested deeper than {MAX_DEPTH} levels; flatten it")


def _children(path: str, value: object) -> Iterator[tuple[str, object]]:
    """What an object or a list holds, each with its path; anything else is looked at itself."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise DocumentError(path, f"has a key which is {kind_of(key)}; keys are texts")
            _check_text(path, key)
            yield f"{path}/{key}" if path else key, item
    elif isinstance(value, list | tuple):
        yield from ((f"{path}/{index}" if path else str(index), item) for index, item in enumerate(value))
    else:
        _check_scalar(path, value)


def _check_scalar(path: str, value: object) -> None:
    if isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, int | float):
        if not -LARGEST <= value <= LARGEST:
            raise DocumentError(path, "is too large a number, or none; write a finite one")
    elif value is not None:
        raise DocumentError(path, f"is no JSON but a Python {type(value).__name__}")


def _check_text(path: str, text: str) -> None:
    """PostgreSQL cannot store these two, and some places would only find out when an instance runs."""
    if "\x00" in text:
        raise DocumentError(path, "holds the character NUL; remove it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DocumentError(path, "holds half of a surrogate pair, which is no character; remove it") from None


def readable(key: str) -> str:
    """A key as a title."""
    words = key.replace("_", " ").replace("-", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:] or key


class Node:
    """One JSON object of the document with its path, as in `states/review/on/0`; `known` None allows any key."""

    def __init__(self, value: object, path: str, known: Iterable[str] | None, what: str) -> None:
        if not isinstance(value, Mapping):
            raise DocumentError(path, f"{what} must be an object, this is {kind_of(value)}")
        self.value = value
        self.path = path
        unknown = None if known is None else next((key for key in value if key not in known), None)
        if known is not None and unknown is not None:
            allowed = ", ".join(sorted(known))
            raise DocumentError(self.at(str(unknown)[:80]), f"{what} has no such key; it may have {allowed}")

    def at(self, key: str) -> str:
        return f"{self.path}/{key}" if self.path else key

    def text(self, key: str, default: str = "", longest: int = MAX_TEXT) -> str:
        value = self.value.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise DocumentError(self.at(key), f"must be text, this is {kind_of(value)}")
        if len(value) > longest:
            raise DocumentError(self.at(key), f"has {len(value)} characters; shorten it to {longest}")
        return value

    def required(self, key: str, longest: int = 200) -> str:
        value = self.text(key, longest=longest)
        if not value.strip():
            raise DocumentError(self.at(key), "is missing; give a text")
        return value

    def optional(self, key: str, longest: int = MAX_TEXT) -> str | None:
        return self.text(key, longest=longest) or None

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(key, default) or default
        if value != default and value not in choices:
            raise DocumentError(self.at(key), f"must be one of {', '.join(choices)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            raise DocumentError(self.at(key), f"must be true or false, this is {kind_of(value)}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DocumentError(self.at(key), f"must be a number, this is {kind_of(value)}")
        if not low <= value <= high:
            raise DocumentError(self.at(key), f"must be between {low:g} and {high:g}")
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.number(key, default, low, high)
        if value != int(value):
            raise DocumentError(self.at(key), "must be a whole number")
        return int(value)

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.value.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise DocumentError(self.at(key), f"must be an object, this is {kind_of(value)}")
        return dict(value)

    def items(self, key: str) -> Iterator[tuple[str, object]]:
        """The entries of a list, each with its path."""
        value = self.value.get(key)
        if value is not None and not isinstance(value, list | tuple):
            raise DocumentError(self.at(key), f"must be a list, this is {kind_of(value)}")
        if len(value or ()) > MAX_ITEMS:
            raise DocumentError(self.at(key), f"has {len(value or ())} entries; at most {MAX_ITEMS} can be read")
        for index, item in enumerate(value or ()):
            yield f"{self.at(key)}/{index}", item

    def texts(self, key: str, longest: int = 200) -> tuple[str, ...]:
        """One text or a list of texts."""
        value = self.value.get(key)
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            return (self.text(key, longest=longest),)
        if not isinstance(value, list | tuple):
            raise DocumentError(self.at(key), f"must be text or a list of texts, this is {kind_of(value)}")
        found = []
        for path, item in self.items(key):
            if not isinstance(item, str) or not 0 < len(item) <= longest:
                raise DocumentError(path, f"must be text of 1 to {longest} characters")
            found.append(item)
        return tuple(found)


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "an object"
