"""Machine: a named chart with a draft. Version: an immutable published chart, content-hashed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from orchestrator.definitions.fields import DocumentField


class Machine(models.Model):
    """A named chart with an owner. `draft` is the document being edited; `alert_recipients` get its alert emails.

    `key_policy` says what a start means whose business key is taken. `rollout` holds pairs of a version's id and its
    weight while new starts are spread over versions; all start in `current` while it is empty.
    """

    KEY_POLICIES = [
        ("existing", "Answer with the existing instance"),
        ("refuse", "Refuse the start"),
        ("new", "Start a new run once the last has ended"),
    ]

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="machines")
    draft = DocumentField()
    draft_revision = models.PositiveIntegerField(default=0)
    alert_recipients = models.JSONField(default=list, blank=True)
    key_policy = models.CharField("when a key is taken", max_length=10, choices=KEY_POLICIES, default="existing")
    rollout = models.JSONField(default=list, blank=True, editable=False)
    current = models.ForeignKey("Version", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Version(models.Model):
    """A published chart. Never changed after it is written; running instances are pinned to it."""

    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = DocumentField()
    content_hash = models.CharField(max_length=64)
    notes = models.CharField(max_length=500, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["machine", "-number"]
        constraints = [models.UniqueConstraint(fields=["machine", "number"], name="version_number_unique")]

    def __str__(self) -> str:
        return f"{self.machine} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only; a trigger in the database refuses every other way of changing a version as well."""
        if not self._state.adding:
            raise ValueError("A published version is never changed; publish a new one.")
        super().save(*args, **kwargs)
