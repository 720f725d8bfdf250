"""The few SVG elements we write. Whatever a user typed passes `esc` on its way in."""

from __future__ import annotations

import re
from html import escape

from orchestrator.diagrams.geometry import Curve, Point, Rect
from orchestrator.diagrams.measure import EVENT, MARK, REGION, TITLE, Font, known, width

# Controls, halves of characters, and signs that turn the direction of what follows them
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")

ICONS = {  # 12 x 12, strokes only
    "gear": '<circle cx="6" cy="6" r="3"/><circle cx="6" cy="6" r=".5"/><path class="sb-teeth" d="M6 1v1.7'
    'M6 9.3V11M1 6h1.7M9.3 6H11M2.46 2.46l1.2 1.2M8.34 8.34l1.2 1.2M9.54 2.46l-1.2 1.2M3.66 8.34l-1.2 1.2"/>',
    "clock": '<circle cx="6" cy="6" r="4.8"/><path d="M6 3.2V6l1.9 1.2"/>',
    "undo": '<path d="M3.8 1.8 1.4 4.2l2.4 2.4"/><path d="M1.6 4.2h5.2a3.3 3.3 0 0 1 0 6.6H4"/>',
    "hourglass": '<path d="M3 1.2h6M3 10.8h6M3.6 1.2v1.9L6 6l2.4-2.9V1.2M3.6 10.8V8.9L6 6l2.4 2.9v1.9"/>',
    "hand": '<circle cx="6" cy="3.6" r="2.3"/><path d="M1.6 11c.3-2.6 2-4 4.4-4s4.1 1.4 4.4 4"/>',
    "bolt": '<path d="M6.8 1 2.4 6.9h3L5 11l4.5-5.9h-3Z"/>',
    "check": '<path d="m2 6.4 2.7 2.7L10 3.4"/>',
    "enter": '<path d="M1.5 6h6.5M5.5 3.2 8.3 6 5.5 8.8M10.5 1.5v9"/>',
    "leave": '<path d="M3.7 6h7M8.2 3.2 11 6 8.2 8.8M1.5 1.5v9"/>',
    "stack": '<rect x="1.5" y="4" width="6.5" height="6.5" rx="1.5"/><path d="M4 1.5h5a1.5 1.5 0 0 1 1.5 1.5v5"/>',
    "chart": '<rect x="1.2" y="1.2" width="4" height="3.6" rx="1"/><rect x="6.8" y="7.2" width="4" height="3.6" '
    'rx="1"/><path d="M3.2 4.8V9h3.6"/>',
    "tasks": '<circle cx="2.8" cy="3" r="1.6"/><circle cx="2.8" cy="9" r="1.6"/><circle cx="9.4" cy="6" r="1.6"/>'
    '<path d="M4.3 3.6 7.9 5.4M4.3 8.4 7.9 6.6"/>',
    "parallel": '<path d="M4 1.5v9M8 1.5v9"/>',
    "compound": '<rect x="1.5" y="1.5" width="9" height="9" rx="2"/><path d="M1.5 4.5h9"/>',
}


FONTS = {"sb-name": TITLE, "sb-ctitle": TITLE, "sb-rtitle": REGION, "sb-ev": EVENT}


def esc(text: str) -> str:
    """Text that is safe as content and as an attribute value, in HTML and in XML."""
    return escape(_FORBIDDEN.sub("\ufffd", text), quote=True)


def num(value: float) -> str:
    """A coordinate: one decimal at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def rect(css: str, box: Rect, rx: float) -> str:
    size = f'x="{num(box.x)}" y="{num(box.y)}" width="{num(box.w)}" height="{num(box.h)}"'
    return f'<rect class="{css}" {size} rx="{num(rx)}"/>'


def text(css: str, x: float, y: float, words: str) -> str:
    """Words in the font of their class; those in a font we do not know are held to the width they were measured at."""
    font = FONTS.get(css.split()[0], MARK)
    return f'<text class="{css}" x="{num(x)}" y="{num(y)}"{held(words, font)}>{esc(words)}</text>'


def held(words: str, font: Font) -> str:
    """The attributes that keep a text to its measured width, where its letters may come from any font."""
    if known(words) or not (wide := width(words, font)):
        return ""
    return f' textLength="{num(wide)}" lengthAdjust="spacingAndGlyphs"'


def path(css: str, d: str) -> str:
    return f'<path class="{css}" d="{d}"/>'


def icon(prefix: str, name: str, x: float, y: float, css: str = "") -> str:
    """A use of one of `ICONS`, whose symbol is defined once in the same SVG."""
    classes = f"sb-icon {css}".strip()
    return f'<use href="#{esc(prefix)}--{name}" x="{num(x)}" y="{num(y)}" width="12" height="12" class="{classes}"/>'


def definitions(prefix: str) -> str:
    """Symbols and the hatch. A state id cannot start with a dash, so `prefix--name` never meets the id of a state."""
    start = esc(prefix)
    symbols = [f'<symbol id="{start}--{name}" viewBox="0 0 12 12">{body}</symbol>' for name, body in ICONS.items()]
    tile = 'width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    hatch = f'<pattern id="{start}--hatch" {tile}><path class="sb-hatchline" d="M0 0V6"/></pattern>'
    return f"<defs>{''.join(symbols)}{hatch}</defs>"


def _at(point: Point) -> str:
    return f"{num(point.x)} {num(point.y)}"


def curve_data(curve: Curve) -> str:
    """The `d` of a line, up to where its arrow begins."""
    first, *rest = curve.points
    return f"M{_at(first)}C{' '.join(_at(point) for point in rest)}"


def arrow(curve: Curve) -> str:
    """The arrow head between the end of the line and its tip."""
    if curve.tip is None:
        return ""
    end, tip = curve.points[-1], curve.tip
    across, along = (tip.y - end.y) * -0.35, (tip.x - end.x) * 0.35
    corners = (Point(end.x + across, end.y + along), tip, Point(end.x - across, end.y - along))
    return f'<polygon class="sb-arrow" points="{" ".join(f"{num(p.x)},{num(p.y)}" for p in corners)}"/>'
