"""Text in Mermaid: entities such as `#58;` stand for what its grammar would take as its own, and ids become keys."""

from __future__ import annotations

import html
import re
from collections.abc import Container

from orchestrator.statechart.reading import KEY

ENTITY = re.compile(r"[#&](#?\w{1,32});", re.ASCII)
BREAK = re.compile(r"<br[ \t]{0,9}/?>", re.IGNORECASE)
# What may stand in a text beside letters and digits; `direction` and `end note` are keywords wherever they stand.
PLAIN = frozenset(" _.,!?()'*+/=|$^~@-%[]{}>«»“”’…–")
KEYWORD = re.compile(r"direction|end(?=\s+note)|(?<=%)%|(?<=\[)\[", re.IGNORECASE)
# An id that the grammar would take for a keyword.
RESERVED = re.compile(
    r"(?:default|click|href|scale|state|class|classdef|style|note)\b|acctitle|accdescr|statediagram|.*direction",
    re.IGNORECASE | re.DOTALL,
)
UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_KEY = 76  # four characters are left to tell two alike apart


def escape(text: str) -> str:
    """A text as it may stand in a title, a label or a line of a note."""
    safe = "".join(letter if letter.isalnum() or letter in PLAIN else _entity(letter) for letter in text)
    safe = KEYWORD.sub(lambda found: _entity(found[0][0]) + found[0][1:], safe)
    inner = safe.strip(" ")  # white space at an end would be trimmed
    left = len(safe) - len(safe.lstrip(" ")) if inner else len(safe)
    right = len(safe) - left - len(inner)
    return _entity(" ") * left + inner + _entity(" ") * right


def _entity(letter: str) -> str:
    return "<br/>" if letter == "\n" else f"#{ord(letter)};"


def unescape(text: str) -> str:
    """The text that is meant: entities of Mermaid and of HTML, and line breaks."""
    return ENTITY.sub(_meant, BREAK.sub("\n", text))


def _meant(found: re.Match[str]) -> str:
    """The character of an entity; what is none stays as it is."""
    name = found[1].removeprefix("#")
    if not name.isdecimal():
        meant = html.unescape(f"&{found[1]};")
        return found[0] if meant.startswith("&") and len(meant) > 1 else meant
    number = int(name) if len(name) < 8 else 0
    fits = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
    return chr(number) if fits else found[0]


def write_id(key: str) -> str:
    """A key as an id of Mermaid, which has no `-` and no keywords."""
    safe = key.replace("-", "#45;")
    return _entity(safe[0]) + safe[1:] if RESERVED.match(safe) else safe


def key_of(name: str) -> str:
    """The nearest key to any name."""
    if KEY.fullmatch(name):
        return name
    fit = UNFIT.sub("_", name).strip("_.-")[:LONGEST_KEY]
    return fit or "state"


def unused(key: str, taken: Container[str]) -> str:
    """This key, or one made of it which is not taken yet."""
    if key not in taken:
        return key
    number = 2
    while f"{key[:LONGEST_KEY]}_{number}" in taken:
        number += 1
    return f"{key[:LONGEST_KEY]}_{number}"
