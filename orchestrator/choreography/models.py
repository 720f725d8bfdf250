"""Topics with the schemas of their events, and the ends at which events leave a topic or come into it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orchestrator.choreography import checks


class Topic(models.Model):
    """A named stream of events. A `strict` one refuses events of types that have no schema."""

    name = models.CharField(max_length=100, unique=True, validators=[checks.topic_name])
    description = models.CharField(max_length=500, blank=True)
    strict = models.BooleanField(default=False, help_text="Refuse events whose type has no schema.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]
        permissions = [("publish_event", "Can publish events to topics")]

    def __str__(self) -> str:
        return self.name


class EventType(models.Model):
    """One version of the JSON Schema of an event type; never changed after it is registered."""

    MODES = [(mode, mode) for mode in ("backward", "forward", "full", "none")]
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="types")
    type = models.CharField(max_length=200, validators=[checks.event_type])
    version = models.CharField(max_length=30, help_text="Semantic version such as 1.2.0.")
    schema = models.JSONField(help_text="JSON Schema of the event's data.")
    compatibility = models.CharField(
        max_length=8, choices=MODES, default="backward", help_text="With the earlier versions of the same major one."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["topic", "type", "id"]
        constraints = [models.UniqueConstraint(fields=["topic", "type", "version"], name="event_type_version_unique")]

    def __str__(self) -> str:
        return f"{self.type} {self.version}"


class Endpoint(models.Model):
    """Where events leave a topic (`out`) or come into it (`in`); its kind says which model has the rest.

    One worker at a time serves an endpoint, under a lease and a fence. One that cannot be reached is left alone until
    `paused_until` while its events wait, and holds up nobody else.
    """

    DIRECTIONS = [("out", "out: events leave the topic"), ("in", "in: events come into the topic")]
    name = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, editable=False)  # subscription, bridge, webhook
    direction = models.CharField(max_length=3, choices=DIRECTIONS, default="out")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="endpoints")
    pattern = models.CharField(
        max_length=200, default="*", validators=[checks.pattern], help_text="A type, a prefix such as order.*, or *."
    )
    active = models.BooleanField(
        default=True, help_text="While it is not active it gets no new events, and what waits for it is kept."
    )
    lease_until = models.DateTimeField(null=True, editable=False)
    fence = models.IntegerField(default=0, editable=False)
    hinted_at = models.DateTimeField(null=True, editable=False)
    failures = models.IntegerField(default=0, editable=False)  # in a row
    paused_until = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Subscription(Endpoint):
    """Events of a topic start or signal instances of a machine; its expressions read the CloudEvent as `event`."""

    ACTIONS = [
        ("signal", "send the event to the instance"),
        ("start", "start an instance with the event's data"),
        ("start-or-signal", "send the event; start the instance first when there is none"),
    ]
    UNKNOWN = [("wait", "try again for a while, then ask a person"), ("skip", "pass the event by")]
    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="subscriptions")
    action = models.CharField(max_length=15, choices=ACTIONS, default="signal")
    correlation = models.CharField(
        max_length=2000,
        validators=[checks.expression],
        help_text="CEL for the business key of the instance, such as event.data.order.",
    )
    filter = models.CharField(
        max_length=2000,
        blank=True,
        validators=[checks.condition],
        help_text="CEL; events for which it is false pass by.",
    )
    event_name = models.CharField(max_length=200, blank=True, help_text="What the instance hears; empty is the type.")
    unknown = models.CharField(
        max_length=4, choices=UNKNOWN, default="wait", help_text="When no instance has the business key."
    )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind, self.direction = "subscription", "out"
        super().save(*args, **kwargs)


class Bridge(Endpoint):
    """A queue or exchange of a message broker, through kombu."""

    secret = models.ForeignKey(
        "runtime.Secret",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The secret that holds the broker's URL, such as amqps://user:password@host/vhost.",
    )
    queue = models.CharField(max_length=200, blank=True, validators=[checks.queue_name])
    exchange = models.CharField(
        max_length=200,
        blank=True,
        validators=[checks.queue_name],
        help_text="A topic exchange, whose routing key is the event's type; empty is the queue alone.",
    )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = "bridge"
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if not self.queue and (self.direction == "in" or not self.exchange):
            raise ValidationError({"queue": "Name the queue."})


class Webhook(Endpoint):
    """Signed HTTP: outgoing to `url`, incoming at the address which its name gives (Standard Webhooks)."""

    secret = models.ForeignKey(
        "runtime.Secret", on_delete=models.PROTECT, related_name="+", help_text="The secret that signs."
    )
    url = models.URLField(max_length=2000, blank=True, help_text="Where outgoing events are posted.")
    event_type = models.CharField(
        max_length=200,
        blank=True,
        validators=[checks.event_type],
        help_text="Type of incoming bodies which are no CloudEvents.",
    )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = "webhook"
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.direction == "out":
            checks.webhook_url(self.url)
        if self.direction == "in" and not self.event_type:
            raise ValidationError({"event_type": "Name the type of bodies which are no CloudEvents."})


class Received(models.Model):
    """A message id that an incoming webhook took, so that the same request sent again is refused."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="+")
    message = models.CharField(max_length=200)
    received_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "message"], name="webhook_message_unique")]

    def __str__(self) -> str:
        return self.message


class Refused(models.Model):
    """What came over an incoming bridge and could not be taken: kept for a person, so that the queue goes on."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="refused")
    body = models.TextField()
    reason = models.TextField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "refused messages"

    def __str__(self) -> str:
        return self.reason


class Delivery(models.Model):
    """One event for one endpoint; those of one key are delivered in the order of their ids.

    `skipped` is what the endpoint did not want, with the reason; `failed` waits for a person.
    """

    STATUSES = [(name, name) for name in ("pending", "done", "skipped", "failed")]
    event = models.ForeignKey("runtime.OutboxEvent", on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    key = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=STATUSES, db_default="pending")
    attempts = models.IntegerField(db_default=0)
    due = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, db_default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "endpoint"], name="delivery_unique")]
        indexes = [
            models.Index(fields=["endpoint", "id"], name="delivery_pending", condition=Q(status="pending")),
            models.Index(fields=["endpoint", "key", "id"], name="delivery_in_order", condition=Q(status="pending")),
            models.Index(fields=["id"], name="delivery_failed", condition=Q(status="failed")),
            models.Index(fields=["endpoint", "-id"], name="delivery_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"
