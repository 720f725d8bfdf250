"""Schedule: when a machine's instances start by themselves. Firing: what became of one time. Backfill: a past range."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orchestrator.runtime.models import Instance
from orchestrator.schedules.recurrence import KINDS, Recurrence


class Schedule(models.Model):
    """A rule, and how far it has been followed: `next_at` is the next time, null when there is none any more.

    `context` is text holding a JSON object, as everywhere in the runtime. `queued_for` is the one time which waits for
    a running instance to end. Whoever fires locks the row.
    """

    KINDS = [(kind, kind.capitalize()) for kind in KINDS]
    CATCH_UPS = [("skip", "Skip"), ("one", "One"), ("all", "All")]
    OVERLAPS = [
        ("allow", "Allow"),
        ("skip", "Skip"),
        ("cancel-old", "Cancel the old one"),
        ("queue-one", "Queue one"),
    ]

    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="schedules")
    name = models.SlugField(max_length=80)
    kind = models.CharField(max_length=10, choices=KINDS)
    rule = models.CharField(max_length=300)
    zone = models.CharField(max_length=60, default="UTC")
    starts_at = models.DateTimeField(null=True, blank=True)
    context = models.TextField(default="{}")
    catch_up = models.CharField(max_length=10, choices=CATCH_UPS, default="one")
    overlap = models.CharField(max_length=10, choices=OVERLAPS, default="allow")
    paused = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True)
    queued_for = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["machine", "name"], name="schedule_name_unique")]
        indexes = [
            models.Index(fields=["next_at"], name="schedule_due", condition=Q(paused=False)),
            models.Index(fields=["queued_for"], name="schedule_queued", condition=Q(queued_for__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def recurrence(self) -> Recurrence:
        """The pure value that knows the times."""
        return Recurrence(self.kind, self.rule, self.zone, self.starts_at)  # type: ignore[arg-type]


class Backfill(models.Model):
    """A past range whose times are fired once more, a portion with each sweep; `position` is the last time done."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="backfills")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    position = models.DateTimeField(null=True)
    total = models.PositiveIntegerField()
    started = models.PositiveIntegerField(default=0)
    existing = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    requested_by = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["schedule"], condition=Q(finished_at=None), name="backfill_running_unique")
        ]

    def __str__(self) -> str:
        return f"{self.from_at:%Y-%m-%d %H:%M} to {self.to_at:%Y-%m-%d %H:%M}"

    @property
    def done(self) -> int:
        """How many times have been dealt with."""
        return self.started + self.existing + self.refused


class Firing(models.Model):
    """What became of one time of a schedule; unique, so that no time is fired twice.

    `over` says that the instance is known to have ended. A backfill may turn a time that started nothing into one that
    did. The instance has no database constraint, so that it can be archived without this row.
    """

    OUTCOMES = [
        ("started", "Started"),
        ("existing", "Existed already"),
        ("queued", "Queued"),
        ("skipped", "Skipped"),
        ("missed", "Missed"),
        ("refused", "Refused"),
    ]
    DONE = ("started", "existing", "queued")

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="firings", db_index=False)
    due = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    message = models.CharField(max_length=300, blank=True)
    instance = models.ForeignKey(
        Instance, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    backfill = models.ForeignKey(Backfill, on_delete=models.CASCADE, null=True, related_name="firings", db_index=False)
    over = models.BooleanField(default=False)
    fired_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-due"]
        constraints = [models.UniqueConstraint(fields=["schedule", "due"], name="firing_due_unique")]
        indexes = [
            models.Index(
                fields=["schedule"],
                name="firing_running",
                condition=Q(instance__isnull=False, backfill__isnull=True, over=False),
            ),
            models.Index(fields=["fired_at"], name="firing_fired"),
        ]

    def __str__(self) -> str:
        return f"{self.due:%Y-%m-%d %H:%M:%S} {self.outcome}"
