"""Drafts with their history: every edit is a revision under the machine's row lock; nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from designer.edits import Document, EditError
from designer.models import DraftRevision
from orchestrator.definitions.machines import DESCRIPTION_LENGTH, TITLE_LENGTH
from orchestrator.definitions.models import Machine
from orchestrator.statechart.document import DocumentError, parse

LABEL_LENGTH = 200


class DraftMovedError(Exception):
    """Someone changed the draft since it was shown; `revision` is theirs (None when it was not kept)."""

    def __init__(self, revision: DraftRevision | None) -> None:
        super().__init__("The draft was changed in the meantime.")
        self.revision = revision


@dataclass(frozen=True, slots=True)
class Steps:
    """What undo and redo would do: the labels of the edits, None when there is nothing to do."""

    undo: str | None
    redo: str | None


def apply(machine: Machine, user: User, seen: int, label: str, edit: Callable[[Document], Document]) -> Machine:
    """Store the edited draft as a new revision; an edit that changes nothing stores nothing.

    `seen` is the revision the user looked at. Raises DraftMovedError, or EditError when the document
    would not be readable.
    """
    with transaction.atomic():
        locked = _lock(machine, seen)
        document = edit(locked.draft)
        if document == locked.draft and list(_keys(document)) == list(_keys(locked.draft)):
            return locked
        _check(document)
        _keep_first(locked, user)
        highest = DraftRevision.objects.filter(machine=locked).aggregate(highest=Max("number"))["highest"] or 0
        revision = DraftRevision.objects.create(
            machine=locked,
            number=highest + 1,
            parent=locked.draft_revision,
            document=document,
            label=label[:LABEL_LENGTH],
            author=user,
        )
        return _point_to(locked, revision)


def undo(machine: Machine, seen: int) -> str | None:
    """Go back one edit; gives its label, None when there is nothing to undo. Raises DraftMovedError."""
    with transaction.atomic():
        locked = _lock(machine, seen)
        current = _revision(locked, locked.draft_revision)
        before = _revision(locked, current.parent) if current else None
        if current is None or before is None:
            return None
        _point_to(locked, before)
        return current.label


def redo(machine: Machine, seen: int) -> str | None:
    """Do the newest undone edit again; gives its label, None when there is none. Raises DraftMovedError."""
    with transaction.atomic():
        locked = _lock(machine, seen)
        after = _newest_child(locked)
        if after is None:
            return None
        _point_to(locked, after)
        return after.label


def steps(machine: Machine) -> Steps:
    current = _revision(machine, machine.draft_revision)
    after = _newest_child(machine)
    can_undo = current is not None and current.parent is not None
    return Steps(current.label if current and can_undo else None, after.label if after else None)


def _keys(document: Document) -> list[str]:
    """The order of states, which is meaning that `==` between mappings does not see."""
    return [key for key, state in (document.get("states") or {}).items() for key in (key, *_keys(state))]


def _lock(machine: Machine, seen: int) -> Machine:
    locked = Machine.objects.select_for_update().get(pk=machine.pk)
    if locked.draft_revision != seen:
        raise DraftMovedError(_revision(locked, locked.draft_revision))
    return locked


def _check(document: Document) -> None:
    """A draft may be wrong in many ways, but it must stay readable."""
    try:
        parse(document)
    except DocumentError as error:
        raise EditError(f"{error.path}: {error.message}" if error.path else error.message) from error


def _keep_first(machine: Machine, user: User) -> None:
    """The state before the first edit is a revision too, so that it can be undone."""
    if _revision(machine, machine.draft_revision) is None:
        DraftRevision.objects.create(
            machine=machine,
            number=machine.draft_revision,
            document=machine.draft,
            label="made the machine",
            author=user,
        )


def _revision(machine: Machine, number: int | None) -> DraftRevision | None:
    if number is None:
        return None
    return DraftRevision.objects.select_related("author").filter(machine=machine, number=number).first()


def _newest_child(machine: Machine) -> DraftRevision | None:
    children = DraftRevision.objects.filter(machine=machine, parent=machine.draft_revision)
    return children.order_by("number").last()


def _point_to(machine: Machine, revision: DraftRevision) -> Machine:
    """Make a revision the draft; the machine's own title and description follow the document."""
    machine.draft = revision.document
    machine.draft_revision = revision.number
    machine.title = str(revision.document.get("title") or machine.title)[:TITLE_LENGTH]
    machine.description = str(revision.document.get("description") or "")[:DESCRIPTION_LENGTH]
    machine.save(update_fields=["draft", "draft_revision", "title", "description", "updated_at"])
    return machine
