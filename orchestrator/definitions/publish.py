"""Draft to immutable version, through the validator: what has an error is not published."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from orchestrator.definitions.models import Machine, Version
from orchestrator.statechart.document import DocumentError, content_hash, parse
from orchestrator.statechart.validate import Problem, validate

NOTES_LENGTH = 500


class PublishError(Exception):
    """The draft cannot be published; `problems` are the errors, each with its path and its mend."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = list(problems)


class StaleDraftError(Exception):
    """The draft is no longer the one which was to be published."""


def publish(
    machine: Machine, user: User, notes: str = "", expected_revision: int | None = None, keep_rollout: bool = False
) -> Version:
    """Publish the stored draft as the next version and make it current; an unchanged draft answers the current version.

    All new instances start in it from then on; with `keep_rollout` they go on starting as they are spread now. Locks
    the machine's row, so that two people who publish at once get two numbers. `expected_revision` is the draft which
    the user saw, None for whichever is stored. Raises PublishError, StaleDraftError.
    """
    with transaction.atomic():
        locked = Machine.objects.select_for_update().get(pk=machine.pk)
        if expected_revision not in (None, locked.draft_revision):
            raise StaleDraftError("The draft was changed in the meantime.")
        errors = draft_errors(locked.draft)
        if errors:
            raise PublishError(errors)
        version = _current_if_unchanged(locked) or _insert(locked, user, notes, keep_rollout)
    machine.current, machine.rollout = version, locked.rollout
    return version


def draft_errors(draft: object) -> list[Problem]:
    """Why this document cannot be published; empty when it can."""
    try:
        chart = parse(draft)
    except DocumentError as error:
        fix = "Correct the document at this place."
        return [Problem(code="malformed", path=error.path, severity="error", message=error.message, fix=fix)]
    return [problem for problem in validate(chart) if problem.severity == "error"]


def _current_if_unchanged(machine: Machine) -> Version | None:
    current = machine.current
    return current if current and current.content_hash == content_hash(machine.draft) else None


def _insert(machine: Machine, user: User, notes: str, keep_rollout: bool) -> Version:
    highest = machine.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = Version.objects.create(
        machine=machine,
        number=highest + 1,
        document=machine.draft,
        content_hash=content_hash(machine.draft),
        notes=notes[:NOTES_LENGTH],
        published_by=user,
    )
    machine.current = version
    if not keep_rollout:
        machine.rollout = []
    machine.save(update_fields=["current", "rollout", "updated_at"])
    return version
