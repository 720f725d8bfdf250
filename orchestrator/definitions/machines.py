"""Making a machine: a slug of its own, and a draft that carries its name."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from orchestrator.definitions.models import Machine
from orchestrator.statechart.definition import JSON

SLUG_LENGTH = 80
TITLE_LENGTH = 120
DESCRIPTION_LENGTH = 500
RESERVED_SLUGS = frozenset({"new"})  # words which are addresses of their own beside /machines/<slug>/
ATTEMPTS = 20


def create_machine(owner: User, title: str, document: Mapping[str, JSON], slug: str = "") -> Machine:
    """Store a new machine with a slug that no other has; its draft takes over the slug as id, and the title.

    `slug` is the wished one, by default made from the title. Raises ValueError when the title is empty or too long.
    """
    title = " ".join(title.split())
    if not title:
        raise ValueError("Give the machine a title.")
    if len(title) > TITLE_LENGTH:
        raise ValueError(f"The title has {len(title)} characters; shorten it to {TITLE_LENGTH}.")
    base = slugify(slug or title)[:SLUG_LENGTH].strip("-") or "machine"
    for _ in range(ATTEMPTS):
        free = _free_slug(base)
        try:
            with transaction.atomic():
                return _insert(owner, title, document, free)
        except IntegrityError:
            if not Machine.objects.filter(slug=free).exists():
                raise
    raise ValueError(f"Too many machines are being made as “{base}” at once; choose another title.")


def _insert(owner: User, title: str, document: Mapping[str, JSON], slug: str) -> Machine:
    description = str(document.get("description") or "")[:DESCRIPTION_LENGTH]
    draft = {**copy.deepcopy(dict(document)), "id": slug, "title": title}
    return Machine.objects.create(owner=owner, title=title, slug=slug, description=description, draft=draft)


def _free_slug(base: str) -> str:
    """The wished slug, or the first of base-2, base-3 ... which is not taken."""
    taken = set(Machine.objects.filter(slug__startswith=base[: SLUG_LENGTH - 7]).values_list("slug", flat=True))
    taken |= RESERVED_SLUGS
    if base not in taken:
        return base
    number = 2
    while (candidate := f"{base[: SLUG_LENGTH - 7]}-{number}") in taken:
        number += 1
    return candidate
