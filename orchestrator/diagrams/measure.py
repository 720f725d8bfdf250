"""How wide a text is, so that boxes are sized before Graphviz sees them.

The letters of our own font are measured exactly. Those of other scripts are set in a font we do not know: they are
estimated, and the drawing holds the browser to the estimate, so that no text ever leaves its box.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

WIDEST_TEXT = 400  # characters that can matter: anything longer is cut before it is measured


class Font(NamedTuple):
    size: float  # px
    weight: str


TITLE = Font(13, "600")
REGION = Font(11, "600")
MARK = Font(11, "400")
EVENT = Font(11.5, "600")
BADGE = Font(11, "600")

_METRICS = json.loads((Path(__file__).parent / "metrics.json").read_text("utf-8"))
_ADVANCE: dict[str, dict[str, float]] = _METRICS["advance"]
_OTHER: dict[str, dict[str, float]] = _METRICS["other"]  # Greek, Cyrillic and more Latin, as Inter has them

# First code point and em of the scripts without a table: what common fonts take for them on average.
_SCRIPTS = (
    (0x0000, 0.65), (0x0530, 0.67), (0x0590, 0.58), (0x0600, 0.56), (0x0780, 0.65), (0x0900, 0.68), (0x0B80, 1.0),
    (0x0C00, 0.75), (0x0E00, 0.58), (0x0F00, 0.65), (0x1000, 0.85), (0x10A0, 0.68), (0x1100, 1.0), (0x1200, 0.8),
    (0x1E00, 0.65), (0x2000, 0.6), (0x2010, 0.8), (0x2190, 1.0), (0x2600, 1.1), (0x2C00, 0.65), (0x2E80, 1.0),
    (0xA000, 0.7), (0xAC00, 1.0), (0xD800, 0.65), (0xFB1D, 0.58), (0xFB50, 0.6), (0xFE10, 1.0), (0xFE70, 0.6),
    (0xFF00, 1.0), (0x10000, 0.8), (0x1F000, 1.28), (0x20000, 1.0),
)  # fmt: skip
_STARTS = [start for start, _ in _SCRIPTS]
_JOINER = "\u200d"
_NOTHING = frozenset({"Mn", "Me", "Cf"})
_FLAGS = range(0x1F1E6, 0x1F200)
_SKINS = range(0x1F3FB, 0x1F400)
_GREEK, _BOLDER = "\u0370", 1.08  # from here on fonts other than Inter are wider when they are bold
_ALL_DIGITS = str.maketrans("123456789", "0" * 9)


@lru_cache(maxsize=4096)
def _em(char: str, weight: str) -> float:
    """The advance of a character that is not in our own font."""
    if known := _OTHER[weight].get(char):
        return known * _BOLDER if weight == "600" and char >= _GREEK else known
    if unicodedata.category(char) in _NOTHING or ord(char) in _SKINS:
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.28 if ord(char) >= 0x1F000 and ord(char) < 0x20000 else 1.0
    em = _SCRIPTS[bisect_right(_STARTS, ord(char)) - 1][1]
    return em * 1.04 if weight == "600" else em


def width(text: str, font: Font) -> float:
    """Pixels that `text` takes."""
    advance = _ADVANCE[font.weight]
    try:
        return sum([advance[char] for char in text]) * font.size
    except KeyError:
        return sum(_cluster_em(cluster, font.weight) for cluster in clusters(text)) * font.size


def tabular_width(text: str, font: Font) -> float:
    """The same where every digit is as wide as the widest, as in badges."""
    return width(text.translate(_ALL_DIGITS), font)


def _cluster_em(cluster: str, weight: str) -> float:
    """Signs joined to one emoji, and the two halves of a flag, take the place of one."""
    if len(cluster) > 1 and ord(cluster[0]) >= 0x1F000:
        return _em(cluster[0], weight)
    own = _ADVANCE[weight]
    return sum(own[char] if char in own else _em(char, weight) for char in cluster)


def known(text: str) -> bool:
    """Whether every glyph is in the vendored fonts."""
    return all(char in _ADVANCE["400"] for char in text)


def clusters(text: str) -> Iterator[str]:
    """The characters of a text with what belongs to them: marks, joined emoji, flags."""
    start = 0
    for i in range(1, len(text)):
        if not _continues(text, start, i):
            yield text[start:i]
            start = i
    if text:
        yield text[start:]


def _continues(text: str, start: int, i: int) -> bool:
    char, before = text[i], text[i - 1]
    if char.isascii():
        return False
    if ord(char) in _FLAGS:
        return i - start == 1 and ord(before) in _FLAGS
    joined = before == _JOINER and ord(char) >= 0x2190
    return joined or ord(char) in _SKINS or unicodedata.category(char) in ("Mn", "Me", "Mc") or char == _JOINER


def _longest(text: str, font: Font, limit: float) -> str:
    """The longest beginning that fits and parts no mark from its letter."""
    taken, kept = 0.0, []
    for cluster in clusters(text):
        taken += width(cluster, font)
        if taken > limit:
            break
        kept.append(cluster)
    return "".join(kept)


def fit(text: str, font: Font, limit: float) -> str:
    """`text`, cut with an ellipsis where it would pass `limit` pixels."""
    text = " ".join(text[: WIDEST_TEXT + 1].split())
    if len(text) <= WIDEST_TEXT and width(text, font) <= limit:
        return text
    return _longest(text, font, limit - width("…", font)).rstrip() + "…"


def wrap(text: str, font: Font, limit: float) -> list[str]:
    """`text` on at most two lines, broken at spaces or else anywhere, the second cut with an ellipsis."""
    text = " ".join(text[: WIDEST_TEXT + 1].split())
    if width(text, font) <= limit:
        return [text]
    first = _longest(text, font, limit)
    whole = first if text[len(first) : len(first) + 1] == " " else first.rpartition(" ")[0]
    if width(whole, font) >= limit / 3:
        first = whole
    first = first or next(clusters(text))
    return [first.rstrip(), fit(text[len(first) :].lstrip(), font, limit + 12)]
