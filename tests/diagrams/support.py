"""Reads drawings back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def groups(svg: str, css: str) -> list[ElementTree.Element]:
    """All groups with this class."""
    return [g for g in parse(svg).iter(f"{SVG}g") if css in g.get("class", "").split()]


def by_ref(svg: str, ref: str, css: str) -> ElementTree.Element:
    """The one group with this class and reference."""
    [found] = [g for g in groups(svg, css) if g.get("data-ref") == ref]
    return found


def refs(svg: str) -> set[str]:
    return {g.get("data-ref", "") for g in parse(svg).iter(f"{SVG}g") if g.get("data-ref")}


def words(element: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def name(element: ElementTree.Element) -> str:
    title = element.find(f"{SVG}title")
    return (title.text or "") if title is not None else ""


def ids(svg: str) -> list[str]:
    return [element.get("id", "") for element in parse(svg).iter() if element.get("id")]


def numbers(element: ElementTree.Element) -> Iterator[float]:
    for path in element.iter(f"{SVG}path"):
        yield from map(float, re.findall(r"-?\d+\.?\d*", path.get("d", "")))
