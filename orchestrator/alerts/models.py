"""Alert: one notification about a group of incidents. AlertIncident: which incidents a group's first alert covers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orchestrator.runtime.models import Incident


class Alert(models.Model):
    """One message to people about the open incidents of one (machine, state, kind), or about the end of them.

    The first opened alert of a group is its root (`first` is null) and holds the links to the incidents; a later alert
    of the same group (a repeat, or the recovery) names it in `first`. `closed_at` is set on the root when all its
    incidents are resolved. `attempts` counts tries to send and fences them: only the holder of the latest try may write
    its outcome. `withdrawn` means that nothing was left to tell before the message could be sent.
    """

    PHASES = [("opened", "Opened"), ("recovered", "Recovered")]
    STATUSES = [("pending", "Pending"), ("sent", "Sent"), ("failed", "Failed"), ("withdrawn", "Withdrawn")]

    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="alerts")
    version = models.ForeignKey("definitions.Version", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20)
    phase = models.CharField(max_length=10, choices=PHASES, default="opened")
    first = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="later")
    channel = models.CharField(max_length=20, default="email")
    recipients = models.JSONField(default=list)
    message_id = models.CharField(max_length=200, unique=True)
    subject = models.CharField(max_length=250, blank=True)
    status = models.CharField(max_length=10, choices=STATUSES, default="pending")
    attempts = models.PositiveIntegerField(default=0)
    next_attempt = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["machine", "state", "kind"],
                condition=Q(first=None, closed_at=None),
                name="alert_open_group_unique",
            ),
            models.UniqueConstraint(fields=["first"], condition=Q(phase="recovered"), name="alert_recovery_unique"),
        ]
        indexes = [models.Index(fields=["next_attempt"], name="alert_pending", condition=Q(status="pending"))]

    def __str__(self) -> str:
        return self.subject or f"{self.phase}: {self.kind} in {self.state}"

    @property
    def root_id(self) -> int:
        """The id of the group's first alert, which holds the links to the incidents."""
        return self.first_id or self.pk


class AlertIncident(models.Model):
    """An incident belongs to at most one group; `mailed_at` is null until a sent message has told of it."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="links")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="alert_link")
    mailed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"incident {self.incident_id} in alert {self.alert_id}"
