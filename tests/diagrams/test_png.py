from __future__ import annotations

import re
import struct
import zlib
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.diagrams import png_style
from orchestrator.diagrams.errors import DiagramError
from orchestrator.diagrams.render import Overlay, render_png
from orchestrator.statechart.definition import Chart
from tests.diagrams.charts import chart, loan_approval, order_fulfilment, state, way

CSS = Path(__file__).resolve().parents[2] / "static" / "css" / "signalbox.css"
STUCK = Overlay(classes={"picking": "is-stuck"}, badges={"picking": (("stuck", "6 h 12 min"),)}, quiet="sb-run")


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of RGBA."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return width, height, _unfilter(zlib.decompress(data), width * 4)


def _unfilter(raw: bytes, stride: int) -> list[bytes]:
    rows, before = [], bytes(stride)
    for start in range(0, len(raw), stride + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, up = (line[i - 4] if i >= 4 else 0), before[i]
            corner = before[i - 4] if i >= 4 else 0
            line[i] = (line[i] + _predict(kind, left, up, corner)) & 255
        before = bytes(line)
        rows.append(before)
    return rows


def _predict(kind: int, left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    paeth = min((left, up, corner), key=lambda value: abs(guess - value))
    return (0, left, up, (left + up) // 2, paeth)[kind]


def colours(png: bytes) -> Counter[str]:
    _, _, rows = pixels(png)
    return Counter(f"#{row[i : i + 3].hex()}" for row in rows for i in range(0, len(row), 4))


def words_only(title: str) -> Chart:
    return chart(title, "a", state("a", title, way("on", "go", "b")), state("b", title, type="final"))


def test_the_picture_is_as_wide_as_asked_and_shows_the_stuck_state_in_its_colours() -> None:
    png = render_png(order_fulfilment(), STUCK, width=960)
    width, height, _ = pixels(png)
    seen = colours(png)
    assert width == 960
    assert 600 < height <= 960 * 1.1 + 1
    assert seen["#f9e4f3"] > 500
    assert seen["#a5308a"] > 500


def test_words_are_painted() -> None:
    """The ink of a title has the place its letters need: more words, more ink, none without a font."""
    titles = ("iiiiiiiiiii", "MMMMMMMMMMM")
    short, long = (colours(render_png(words_only(title), Overlay()))["#191d27"] for title in titles)
    assert short > 100
    assert short * 2 < long


def test_a_small_chart_is_enlarged_at_most_twice_and_stays_in_the_middle() -> None:
    width, _, rows = pixels(render_png(words_only("A"), Overlay(), width=960))
    background = bytes.fromhex(png_style.BACKGROUND[1:]) + b"\xff"
    inked = [x for row in rows for x in range(width) if row[x * 4 : x * 4 + 4] != background]
    left, right = min(inked), width - max(inked)
    assert abs(left - right) < 80
    assert left > 300


def test_every_colour_comes_from_the_light_theme() -> None:
    light = CSS.read_text("utf-8").split(":root{", 1)[1].split("}", 1)[0].replace("#fff;", "#ffffff;")
    used = set(re.findall(r"#[0-9a-f]{6}", png_style.STYLE)) | {png_style.BACKGROUND}
    assert used <= set(re.findall(r"#[0-9a-f]{6}", light))


@pytest.mark.parametrize("width", [0, 199, 4_001, 10**9])
def test_a_width_out_of_bounds_is_refused(width: int) -> None:
    with pytest.raises(DiagramError, match="200 to 4000 px wide"):
        render_png(loan_approval(), Overlay(), width=width)
