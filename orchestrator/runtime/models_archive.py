"""The tables of retention: policies, how far each walk has come, and where archived instances lie."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


def _days(name: str) -> models.PositiveIntegerField[int | None, int | None]:
    text = "Days; 0 keeps them for ever, empty means as in the settings."
    return models.PositiveIntegerField(name, null=True, blank=True, help_text=text)


class RetentionPolicy(models.Model):
    """How many days a machine's data are kept, instead of the days of the settings; 0 keeps them for ever."""

    machine = models.OneToOneField(
        "definitions.Machine", on_delete=models.CASCADE, primary_key=True, related_name="retention"
    )
    keep_instances = _days("finished instances")
    keep_keys = _days("idempotency keys")
    keep_incidents = _days("resolved incidents")

    class Meta:
        verbose_name_plural = "retention policies"

    def __str__(self) -> str:
        return f"Retention of {self.machine}"


class Walk(models.Model):
    """How far a sweep has come that looks at a whole table, some rows at a time; its lock keeps a second one away."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class ArchivedInstance(models.Model):
    """Where the history of an instance lies that was moved out of the database; `instance` is its former id."""

    instance = models.BigIntegerField(primary_key=True)
    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    status = models.CharField(max_length=12)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    archived_at = models.DateTimeField(db_default=Now())
    file = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["machine", "key"], name="archived_key")]

    def __str__(self) -> str:
        return self.key
