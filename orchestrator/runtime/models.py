"""The tables of the durable runtime. Instances reference versions; everything else references instances.

`snapshot`, `data` and the like are text holding JSON, not jsonb: PostgreSQL never looks inside, and text is
cheaper to write.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from orchestrator.runtime import models_archive  # noqa: F401 registers its tables

SHARDS = 64
PARKED = -1  # the shard of what suspended instances wait with: nobody drains it


class Instance(models.Model):
    """One run of a version. The row is narrow and no column that changes with a step is indexed (HOT updates).

    `configuration` is the active leaf states joined by one space in document order; `seq` counts journal rows and
    fences every write; `snapshot` is the whole `Snapshot` as JSON text. `updated_at` is the instance's clock: the event
    time of the last input that had an effect. `next_due` is not later than its first timer, null when it has none.
    Its key leads to the `current` instance; an earlier run with the same key has lost that to a later one.
    A child was started by the `invocation` of an `activity` of its `parent`; `part` leads to its chart in the version.
    """

    machine = models.ForeignKey("definitions.Machine", on_delete=models.PROTECT, related_name="instances")
    version = models.ForeignKey("definitions.Version", on_delete=models.PROTECT, related_name="instances")
    key = models.CharField(max_length=200)  # business key, unique among the current instances of its machine
    correlation = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, default="running")
    configuration = models.TextField(default="")
    snapshot = models.TextField(default="{}")
    seq = models.IntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="offspring", db_constraint=False, db_index=False
    )
    invocation = models.CharField(max_length=250, db_default="", blank=True)
    activity = models.CharField(max_length=200, db_default="", blank=True)
    part = models.CharField(max_length=250, db_default="", blank=True)
    depth = models.SmallIntegerField(db_default=0)
    current = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["machine", "key"], condition=Q(current=True), name="instance_key_unique"),
            models.UniqueConstraint(
                fields=["parent", "invocation"], condition=Q(parent__isnull=False), name="instance_child_unique"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at__isnull=False), name="instance_finished")]

    def __str__(self) -> str:
        return self.key


class InboxEvent(models.Model):
    """An accepted input that waits to be applied: an event, an activity's result or an operator's command.

    Due timers are inputs too, but are claimed from their own table. The instance has no database constraint: its check
    would write to the hot instance row for each event. `attempts` counts batches which this input alone broke, and
    `hops` the events of machines in a row that led to this one without any time passing. Rows of the shard PARKED wait
    until their suspended instance is resumed.
    """

    KINDS = ["start", "event", "timer", "activity", "command", "sent"]
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="inbox", db_constraint=False, db_index=False
    )
    shard = models.SmallIntegerField()
    kind = models.CharField(max_length=10, default="event")
    name = models.CharField(max_length=250)
    data = models.TextField(default="{}")
    source = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=200, blank=True)
    attempts = models.SmallIntegerField(db_default=0)
    hops = models.SmallIntegerField(db_default=0)
    occurred_at = models.DateTimeField(db_default=Now())
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["shard", "id"], name="inbox_shard_id"),
            models.Index(fields=["instance"], condition=Q(shard=PARKED), name="inbox_parked"),
        ]

    def __str__(self) -> str:
        return self.name


class EventKey(models.Model):
    """An idempotency key that was used, with the hash of its payload, so that a repeat answers as the first time.

    `source` is the machine's id and the sender, so that no two machines share keys. A key may outlive its instance.
    """

    source = models.CharField(max_length=240)
    key = models.CharField(max_length=200)
    payload_hash = models.CharField(max_length=64)
    event = models.BigIntegerField()
    instance = models.ForeignKey(
        Instance, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="event_key_unique")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class JournalEntry(models.Model):
    """One applied input of an instance; append-only and gapless in `seq`, enough to replay the instance.

    `outcome` is applied, ignored or error. `detail` is JSON text: entered, exited, transitions, changes, log, message,
    errors.
    """

    pk = models.CompositePrimaryKey("instance_id", "seq")
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="journal", db_constraint=False, db_index=False
    )
    seq = models.IntegerField()
    event = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=250)
    data = models.TextField(default="{}")
    outcome = models.CharField(max_length=10)
    detail = models.TextField(default="{}")
    source = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [BrinIndex(fields=["recorded_at"], name="journal_recorded")]

    def __str__(self) -> str:
        return f"{self.seq} {self.name}"


class Timer(models.Model):
    """A durable delayed event (`event`), or the time by which a state should have been left (`deadline`).

    `due` is event time, and `wake` when the sweep may look, by the database clock: of an instance that relives its past
    a timer waits a while for events that happened before it. `target` names another instance that hears the event.
    """

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="timers")
    shard = models.SmallIntegerField()
    kind = models.CharField(max_length=8)  # event | deadline
    ref = models.CharField(max_length=250)  # timer id, or the state of a deadline
    event = models.CharField(max_length=250, blank=True)
    data = models.TextField(default="{}")
    since = models.DateTimeField(null=True)  # when it was set; deadline: when the state was entered
    due = models.DateTimeField()
    wake = models.DateTimeField(db_default=Now())
    target = models.CharField(max_length=500, db_default="", blank=True)
    hops = models.SmallIntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "kind", "ref"], name="timer_ref_unique")]
        indexes = [models.Index(fields=["shard", "wake"], name="timer_shard_wake")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class ActivityRun(models.Model):
    """A side effect: `pending` until claimed, `running` under a lease and a fence, then a terminal status.

    A human task is `waiting` instead until somebody answers it; what a suspended instance would begin is `suspended`.
    """

    STATUSES = ["pending", "running", "waiting", "done", "failed", "cancelled", "suspended"]
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="activities")
    shard = models.SmallIntegerField()
    invocation = models.CharField(max_length=250)
    activity = models.CharField(max_length=200)
    state = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200, blank=True)
    spec = models.TextField()  # input, timeout, retry as JSON text
    idempotency_key = models.CharField(max_length=250)
    compensates = models.CharField(max_length=250, blank=True)
    status = models.CharField(max_length=10, default="pending")
    attempts = models.SmallIntegerField(default=0)
    due = models.DateTimeField(db_default=Now())
    hinted_at = models.DateTimeField(null=True)  # when the sweep last sent a hint
    fence = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    last_error = models.TextField(blank=True)
    result = models.TextField(blank=True)
    late = models.TextField(
        blank=True
    )  # what an attempt answered after it had lost its lease or was cancelled; never applied
    asked_at = models.DateTimeField(db_default=Now())  # event time of the step that asked for it
    created_at = models.DateTimeField(db_default=Now())
    progress = models.TextField(blank=True, db_default="")  # JSON text of the last heartbeat's details
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "invocation"], name="activity_invocation_unique")]
        indexes = [
            models.Index(fields=["due"], name="activity_due", condition=Q(status="pending")),
            models.Index(fields=["lease_until"], name="activity_lease", condition=Q(status="running")),
            models.Index(fields=["id"], name="activity_waiting", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return self.invocation


class HumanTask(models.Model):
    """What an activity of kind `human` asks of a person; whether it still waits is the status of its activity.

    `assignee` has it in hand, or it lies open for `group`. `incident` is the one that its lateness opened.
    """

    run = models.OneToOneField(ActivityRun, on_delete=models.CASCADE, primary_key=True, related_name="task")
    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    assignee = models.CharField(max_length=150, blank=True)  # username
    group = models.CharField(max_length=150, blank=True)
    due = models.DateTimeField(null=True)
    judge_at = models.DateTimeField(null=True)  # when the sweep looks whether it is late; null once it has
    incident = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["assignee"], name="task_assignee"),
            models.Index(fields=["group"], name="task_group"),
            models.Index(fields=["judge_at"], name="task_judge", condition=~Q(judge_at=None)),
            models.Index(fields=["incident"], name="task_incident", condition=~Q(incident=None)),
        ]

    def __str__(self) -> str:
        return self.title


class TaskEntry(models.Model):
    """Who did what with a human task, and why; append-only."""

    ACTIONS = ["claimed", "released", "reassigned", "answered", "rejected"]
    task = models.ForeignKey(HumanTask, on_delete=models.CASCADE, related_name="entries")
    action = models.CharField(max_length=12)
    actor = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    detail = models.CharField(max_length=200, blank=True)  # to whom, or the class of the error
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class Incident(models.Model):
    """Something that needs a person. Open while `resolved_at` is null; one open per instance, kind and state.

    `since` is when the trouble began in event time: for `overdue` when the state was entered.
    """

    KINDS = [
        "overdue",
        "activity-failed",
        "compensation-failed",
        "timeout-not-set",
        "loop",
        "poison",
        "history",
        "history-full",
    ]
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="incidents")
    machine = models.ForeignKey("definitions.Machine", on_delete=models.CASCADE, related_name="incidents")
    version = models.ForeignKey("definitions.Version", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    since = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "kind", "state"], condition=Q(resolved_at=None), name="incident_open_unique"
            )
        ]
        indexes = [models.Index(fields=["machine", "state"], condition=Q(resolved_at=None), name="incident_open")]

    def __str__(self) -> str:
        return f"{self.kind} in {self.state}"


class OutboxEvent(models.Model):
    """An event on its way to whoever hears its topic, stored with the step that emitted it.

    `source` and `event_id` name it as CloudEvents do. Events of one `key` lie in one bucket, where the
    relay keeps their order. `refusal` is why it went to nobody.
    """

    instance = models.ForeignKey(
        Instance, on_delete=models.SET_NULL, null=True, related_name="emitted", db_constraint=False, db_index=False
    )
    bucket = models.SmallIntegerField()
    topic = models.CharField(max_length=100)
    type = models.CharField(max_length=200)
    data = models.TextField()
    key = models.CharField(max_length=200)
    source = models.CharField(max_length=500)
    event_id = models.CharField(max_length=300)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    routed_at = models.DateTimeField(null=True)
    refusal = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event_id", "topic"], name="outbox_event_unique")]
        indexes = [
            models.Index(fields=["bucket", "id"], name="outbox_waiting", condition=Q(routed_at=None)),
            BrinIndex(fields=["recorded_at"], name="outbox_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.type}"


class Heartbeat(models.Model):
    """A sign of life of a worker process or of beat, written with the database clock."""

    name = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=10)  # worker | beat
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """A value that activities use by its name; `value` is encrypted, and only the machines named here may use it."""

    name = models.CharField(max_length=80, unique=True)
    value = models.TextField()
    machines = models.ManyToManyField("definitions.Machine", blank=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
