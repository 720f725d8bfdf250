"""How wide a text is in Inter, so that boxes are sized before Graphviz sees them."""

from __future__ import annotations

import json
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

_METRICS = Path(__file__).parent / "metrics.json"
_ADVANCE: dict[str, dict[str, float]] = json.loads(_METRICS.read_text("utf-8"))["advance"]


def width(text: str, font: Font) -> float:
    """Pixels that `text` takes; a glyph without metrics counts one em, which is safe but wide."""
    advance = _ADVANCE[font.weight]
    return sum(advance.get(char, 1.0) for char in text) * font.size


def known(text: str) -> bool:
    """Whether every glyph is in the vendored fonts."""
    return all(char in _ADVANCE["400"] for char in text)


def fit(text: str, font: Font, limit: float) -> str:
    """`text`, cut with an ellipsis where it would pass `limit` pixels."""
    text = " ".join(text[:WIDEST_TEXT].split())
    if width(text, font) <= limit:
        return text
    while text and width(text + "…", font) > limit:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, font: Font, limit: float) -> list[str]:
    """`text` on at most two lines, broken at spaces, the second cut with an ellipsis."""
    words = text[:WIDEST_TEXT].split() or [""]
    first = words.pop(0)
    while words and width(f"{first} {words[0]}", font) <= limit:
        first = f"{first} {words.pop(0)}"
    lines = [first, " ".join(words)] if words else [first]
    return [fit(line, font, limit + 12) for line in lines]
