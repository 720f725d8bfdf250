"""Machines that are declared in code: found in their modules, compared with what is published, and published.

The draft in the browser follows the code while nobody has changed it; a draft with changes of its own is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from designer import drafts
from orchestrator import sdk
from orchestrator.definitions.machines import RESERVED_SLUGS, TITLE_LENGTH, create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.statechart.document import content_hash, dump

MARK = "code"  # the key of `meta` which says where a machine is declared
ATTEMPTS = 3


class SyncError(Exception):
    """The machines cannot be told apart or found; the message says the mend."""


@dataclass(frozen=True, slots=True)
class Found:
    """A machine in code and where it is declared, as in `shop.machines:order`."""

    machine: sdk.Machine
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of one machine; `problems` are lines with their mends, and then nothing is done."""

    slug: str
    document: dict[str, Any]
    action: Literal["create", "publish", "nothing", "refuse"]
    number: int = 0  # of the version which there is or will be
    keeps_draft: bool = False
    problems: tuple[str, ...] = ()


def find(modules: Iterable[str]) -> list[Found]:
    """Every machine under a public name in these modules. Raises SyncError."""
    found: dict[int, Found] = {}
    for name in modules:
        try:
            module = import_module(name)
        except Exception as error:  # whatever a module of the user's raises, it is told by its name
            raise SyncError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
        for variable, value in vars(module).items():
            if isinstance(value, sdk.Machine) and not variable.startswith("_"):
                found.setdefault(id(value), Found(value, f"{name}:{variable}"))
    _refuse_same_id(found.values())
    return list(found.values())


def plan(found: Found) -> Plan:
    """What is to be done with a machine; changes nothing."""
    slug = found.machine.id
    try:
        document = dump(found.machine.chart())
    except sdk.MachineError as error:
        return Plan(slug, {}, "refuse", problems=error.lines)
    problems = tuple(_unfit(slug, str(document["title"])))
    if problems:
        return Plan(slug, document, "refuse", problems=problems)
    document["meta"] = {MARK: found.source, **document.get("meta", {})}
    document["states"] = document.pop("states")
    machine = Machine.objects.select_related("current").filter(slug=slug).first()
    if machine is None:
        return Plan(slug, document, "create", 1)
    newest = machine.versions.order_by("-number").first()
    if newest is not None and newest.content_hash == content_hash(document):
        return Plan(slug, document, "nothing", newest.number)
    number = newest.number + 1 if newest else 1
    return Plan(slug, document, "publish", number, keeps_draft=_has_changes(machine, document))


def carry_out(found: Found, user: User) -> Plan:
    """Publish a machine where its code differs from the newest version: all of it, or on an error nothing.

    The row is locked before anything is compared, so of two who do this at once the second finds nothing to do.
    Raises SyncError.
    """
    for _ in range(ATTEMPTS):
        with transaction.atomic():
            machine = Machine.objects.select_for_update().filter(slug=found.machine.id).first()
            made = plan(found)
            if made.action == "create":
                machine = create_machine(user, str(made.document["title"]), made.document, slug=made.slug)
            if machine is None or machine.slug == made.slug:
                return _publish(made, machine, user)
            transaction.set_rollback(True)  # another one has just made it: it is there the next time
    raise SyncError(f"The machine “{found.machine.id}” is being made and removed by others; try again.")


def _publish(made: Plan, machine: Machine | None, user: User) -> Plan:
    """Publish the document by way of the draft, and put back a draft that has changes: redo then gives the code's."""
    if machine is None or made.action in ("nothing", "refuse"):
        return made
    seen, source = machine.draft_revision, made.document["meta"][MARK]
    edited = drafts.apply(machine, user, seen, f"took over the code of {source}", lambda draft: made.document)
    version = publish(edited, user, notes=f"From {source}")
    if made.keeps_draft:
        drafts.undo(edited, edited.draft_revision)
    return replace(made, number=version.number)


def _has_changes(machine: Machine, document: dict[str, Any]) -> bool:
    """Whether the draft is neither what was last published nor what the code says."""
    known = {content_hash(document), machine.current.content_hash if machine.current else ""}
    return content_hash(machine.draft) not in known


def _unfit(slug: str, title: str) -> Iterator[str]:
    if slugify(slug) != slug or slug in RESERVED_SLUGS:
        yield f"id: “{slug}” cannot be an address; use lower-case letters, digits, “-” and “_”, and not “new”."
    if len(title) > TITLE_LENGTH:
        yield f"title: has {len(title)} characters; shorten it to {TITLE_LENGTH}."


def _refuse_same_id(found: Iterable[Found]) -> None:
    sources: dict[str, str] = {}
    for one in found:
        other = sources.setdefault(one.machine.id, one.source)
        if other != one.source:
            raise SyncError(f"{other} and {one.source} both have the id “{one.machine.id}”; give one another id.")
