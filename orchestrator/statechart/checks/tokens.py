"""What can be told of a CEL expression from its words alone; CEL itself gives away no syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

PATTERN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)"""
    r"""|(?P<string>[rRbB]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
    r"""|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)"""
    r"""|(?P<mark>&&|\|\||[<>=!]=|[\s\S])"""
)
KEPT = 4_096


class Token(NamedTuple):
    kind: str  # string, name, number or mark
    text: str


class Path(NamedTuple):
    """A dotted path such as `context.order.price`; `asked` says that it stands in `has(...)`."""

    names: tuple[str, ...]
    asked: bool


@lru_cache(maxsize=KEPT)
def tokens(text: str) -> tuple[Token, ...]:
    """The words of an expression without space and comments."""
    found = (Token(str(match.lastgroup), match.group()) for match in PATTERN.finditer(text))
    return tuple(token for token in found if token.kind != "space")


@lru_cache(maxsize=KEPT)
def paths(text: str) -> tuple[Path, ...]:
    """Every dotted path, without the method that is called on it."""
    return tuple(_paths(tokens(text)))


def _paths(words: tuple[Token, ...]) -> Iterator[Path]:
    at = 0
    while at < len(words):
        begin = at
        at += 1
        if words[begin].kind != "name" or (begin and words[begin - 1].text == "."):
            continue
        while at + 1 < len(words) and words[at].text == "." and words[at + 1].kind == "name":
            at += 2
        names = tuple(word.text for word in words[begin:at:2])
        called = at < len(words) and words[at].text == "("
        asked = begin > 1 and words[begin - 1].text == "(" and words[begin - 2].text == "has"
        if names[: len(names) - called]:
            yield Path(names[: len(names) - called], asked)


def asked_states(text: str) -> Iterator[str]:
    """The keys in `In('key')`; one that is put together in the expression is not known."""
    words = tokens(text)
    for name, opened, key, closed in zip(words, words[1:], words[2:], words[3:], strict=False):
        if name == ("name", "In") and (opened.text, closed.text) == ("(", ")") and (said := plain(key)) is not None:
            yield said


def plain(token: Token) -> str | None:
    """What a text in quotes says; None for another token and for one with escapes."""
    if token.kind != "string" or token.text[0] not in "'\"" or "\\" in token.text:
        return None
    return token.text.strip(token.text[0])


def softened(text: str) -> str:
    """The expression as its types are checked.

    CEL takes a declared variable in `has(...)` for its value, and compares nothing with null; both are fine for JSON.
    """
    if "has" not in text and "null" not in text:
        return text
    words, made, at = tokens(text), list[str](), 0
    while at < len(words):
        end = _after_has(words, at)
        word = words[at]
        made.append("true" if end > at else "dyn(null)" if word == ("name", "null") else word.text)
        at = max(end, at + 1)
    return " ".join(made)


def _after_has(words: tuple[Token, ...], at: int) -> int:
    """Where `has(context...)` ends that begins here; `at` itself when none does."""
    if [word.text for word in words[at : at + 3]] != ["has", "(", "context"]:
        return at
    end = at + 3
    while end + 1 < len(words) and words[end].text == "." and words[end + 1].kind == "name":
        end += 2
    return end + 1 if end < len(words) and words[end].text == ")" else at
