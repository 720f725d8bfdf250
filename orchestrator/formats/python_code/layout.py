"""Python expressions as text, laid out as `ruff format` does; every text of a user becomes a literal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from unicodedata import east_asian_width

WIDTH = 120
INDENT = 4


@dataclass(frozen=True, slots=True)
class Name:
    """A variable of the module."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the API; `name` is never the user's. Arguments are calls, or JSON values in which calls may lie."""

    name: str
    args: tuple[object, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)


def call(name: str, *args: object, **named: object) -> Call:
    """A call without the keywords that say nothing."""
    return Call(name, args, {key: value for key, value in named.items() if value is not None})


def functions(value: object) -> Iterator[str]:
    """The functions, no methods, that are called anywhere in an expression."""
    if isinstance(value, Call):
        if "." not in value.name:
            yield value.name
        value = [*value.args, *value.named.values()]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from functions(item)


def written(value: object, depth: int = 0, front: str = "", back: str = "") -> list[str]:
    """The lines of an expression between what stands in front of it and behind it on the same lines."""
    pad = " " * (INDENT * depth)
    whole = f"{pad}{front}{_flat(value)}{back}"
    parts = _parts(value)
    if _width(whole) <= WIDTH or not parts:
        return [whole]
    opening, closing = _brackets(value)
    inner = pad + " " * INDENT + ", ".join(name + _flat(item) for name, item in parts)
    if isinstance(value, Call) and _width(inner) <= WIDTH:
        lines = [inner]
    else:
        lines = [line for name, item in parts for line in written(item, depth + 1, name, ",")]
    return [f"{pad}{front}{opening}", *lines, f"{pad}{closing}{back}"]


def literal(value: object) -> str:
    """A variable, or a JSON scalar as Python writes it; texts in double quotes where that needs no more escapes."""
    if isinstance(value, Name):
        return value.text
    if not isinstance(value, str):
        return repr(value)
    body = repr('"' + value)[2:-1]  # a text with a double quote is written between single ones
    if value.count('"') > value.count("'"):
        return f"'{body}'"
    return '"' + body.replace("\\'", "'").replace('"', '\\"') + '"'


def _parts(value: object) -> list[tuple[str, object]]:
    """What lies between the brackets, each with what stands in front of it."""
    if isinstance(value, Call):
        return [*(("", item) for item in value.args), *((f"{name}=", item) for name, item in value.named.items())]
    if isinstance(value, Mapping):
        return [(f"{literal(key)}: ", item) for key, item in value.items()]
    return [("", item) for item in value] if isinstance(value, list) else []


def _brackets(value: object) -> tuple[str, str]:
    if isinstance(value, Call):
        return f"{value.name}(", ")"
    return ("{", "}") if isinstance(value, Mapping) else ("[", "]")


def _flat(value: object) -> str:
    """The expression in one line."""
    if not isinstance(value, Call | Mapping | list):
        return literal(value)
    opening, closing = _brackets(value)
    return opening + ", ".join(name + _flat(item) for name, item in _parts(value)) + closing


def _width(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
