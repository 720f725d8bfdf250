"""The undo history of drafts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from orchestrator.definitions.fields import DocumentField
from orchestrator.definitions.models import Machine


class DraftRevision(models.Model):
    """A draft as it was after one edit. Numbers only grow; `parent` is the one that was edited (null: the first).

    `Machine.draft_revision` names the current one: undo goes to its parent, redo to its newest child.
    """

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.PositiveIntegerField(null=True)
    document = DocumentField()
    label = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["machine", "number"]
        constraints = [models.UniqueConstraint(fields=["machine", "number"], name="draft_revision_unique")]

    def __str__(self) -> str:
        return f"{self.number}: {self.label}"
