"""The gallery: example machines as chart documents beside this file, and loading them for a user."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.models import User

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.document import loads

FOLDER = Path(__file__).parent


class GalleryEntry(NamedTuple):
    """One example: its slug, what people read about it, and a document of the caller's own."""

    slug: str
    title: str
    description: str
    document: dict[str, JSON]


def gallery_entries() -> list[GalleryEntry]:
    """Every example, by title. The documents are fresh copies and may be changed."""
    return sorted(_read(), key=lambda entry: entry.title)


def load_gallery(owner: User) -> list[Machine]:
    """Make and publish each example that has no machine of its slug yet; returns the machines it made.

    A machine that exists is left as it is, so loading again never touches what a user has changed.
    """
    made = []
    for slug, title, _, document in gallery_entries():
        if not Machine.objects.filter(slug=slug).exists():
            machine = create_machine(owner, title, document, slug=slug)
            publish(machine, owner, notes="From the gallery")
            made.append(machine)
    return made


def _read() -> Iterator[GalleryEntry]:
    for path in sorted(FOLDER.glob("*.json")):
        document = loads(_text(path))
        yield GalleryEntry(path.stem, str(document["title"]), str(document["description"]), document)


@lru_cache(maxsize=64)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
