"""Work: live jobs, finished jobs, their attempts, each workspace's turns, and the processes that do the work.

The engine reads and writes these tables with SQL of its own (`pilar.backplane.engine`); the models serve screens and
tests.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class JobStatus(models.IntegerChoices):
    """A retry is pending again, later. A suspect is pending too, but was in two workers as they died: it runs alone."""

    PENDING = 0, _("pending")
    RUNNING = 1, _("running")
    DEAD = 2, _("dead")
    SUCCEEDED = 3, _("succeeded")
    CANCELLED = 4, _("cancelled")
    DISCARDED = 5, _("discarded")
    SUSPECT = 6, _("waiting to run alone")

    @property
    def word(self) -> str:
        """The state as callers of the API know it: what runs alone is pending for them."""
        return "pending" if self is JobStatus.SUSPECT else self.name.lower()


class AutopilotJob(TenantRow):
    """Work that is not finished: waiting, running, or dead (out of attempts, waiting for a person).

    `lane` is an index into `switchboard.LANES`. `due_at` keeps the first due time, `scheduled_at` moves with each
    retry. `deferrals` counts the times the work was put off without counting an attempt. `wake_at` is when a running
    job looks again at the latest, should it be put off. `lease` is the fence: never used twice.
    """

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    lane = models.SmallIntegerField()
    type = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    status = models.SmallIntegerField(choices=JobStatus, default=JobStatus.PENDING)
    priority = models.SmallIntegerField(default=5)
    due_at = models.DateTimeField()
    scheduled_at = models.DateTimeField()
    wake_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    max_attempts = models.SmallIntegerField(default=3)
    deferrals = models.SmallIntegerField(default=0)
    crashes = models.SmallIntegerField(default=0)
    idempotency_key = models.CharField(max_length=255)
    locked_at = models.DateTimeField(null=True)
    locked_by = models.BigIntegerField(null=True)
    lease = models.BigIntegerField(null=True)
    error = models.TextField(default="", blank=True)
    event_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField(null=True)
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_job"
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(
                fields=["lane", "workspace_id", "priority", "scheduled_at", "id"],
                name="job_claim",
                condition=models.Q(status=JobStatus.PENDING),
            ),
            models.Index(
                fields=["workspace_id", "locked_by"], name="job_running", condition=models.Q(status=JobStatus.RUNNING)
            ),
            models.Index(fields=["workspace_id", "id"], name="job_dead", condition=models.Q(status=JobStatus.DEAD)),
            models.Index(
                fields=["lane", "workspace_id", "scheduled_at"],
                name="job_urgent",
                condition=models.Q(status=JobStatus.PENDING, priority=0),
            ),
            models.Index(
                fields=["scheduled_at", "id"], name="job_suspect", condition=models.Q(status=JobStatus.SUSPECT)
            ),
        ]
        constraints = [models.CheckConstraint(condition=models.Q(priority__range=(0, 9)), name="job_priority")]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class JobHistory(TenantRow):
    """A finished job; partitioned by the day it finished. The row is also the record of its last attempt."""

    public_id = models.UUIDField(primary_key=True)
    lane = models.SmallIntegerField()
    type = models.CharField(max_length=200)
    payload = models.JSONField()
    status = models.SmallIntegerField(choices=JobStatus)
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField()
    max_attempts = models.SmallIntegerField()
    deferrals = models.SmallIntegerField()
    crashes = models.SmallIntegerField()
    idempotency_key = models.CharField(max_length=255)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()
    worker = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField()
    event_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField(null=True)
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_job_done"
        verbose_name = _("finished job")
        verbose_name_plural = _("finished jobs")
        indexes = [
            models.Index(fields=["workspace_id", "finished_at"], name="job_done_recent"),
            models.Index(fields=["workspace_id", "correlation_id"], name="job_done_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class JobAttempt(TenantRow):
    """An attempt that did not finish the job; partitioned by day through its UUIDv7."""

    class Outcome(models.TextChoices):
        RETRY = "retry", _("failed, tries again")
        DEFERRED = "deferred", _("put off, does not count")
        TIMEOUT = "timeout", _("took too long")
        CRASHED = "crashed", _("its worker died")
        DEAD = "dead", _("failed for good")

    id = models.UUIDField(primary_key=True, default=uuid7)
    job_id = models.UUIDField()
    attempt = models.SmallIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    error = models.TextField()
    worker = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_job_attempt"
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes = [models.Index(fields=["workspace_id", "job_id"], name="job_attempt_job")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.attempt}"


class Idempotency(TenantRow):
    """A key that was used, of a job (`j:`) or an event (`e:`); outlives both by its 90 days."""

    pk = models.CompositePrimaryKey("workspace_id", "idempotency_key")
    idempotency_key = models.CharField(max_length=257)
    ref = models.UUIDField()
    request_hash = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_idem"

    def __str__(self) -> str:
        return self.idempotency_key


class Turn(TenantRow):
    """One workspace's place in a lane. `next_at` is when it may be served again; the year 9999 while it has nothing
    to do.

    `rate` is in jobs a second with `burst` saved up; null means no limit. Running jobs are counted, never stored.
    """

    pk = models.CompositePrimaryKey("lane", "workspace_id")
    lane = models.SmallIntegerField()
    next_at = models.DateTimeField()
    weight = models.SmallIntegerField(default=1)
    max_running = models.IntegerField(null=True)
    rate = models.FloatField(null=True)
    burst = models.FloatField(null=True)
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField()
    paused = models.BooleanField(default=False)

    class Meta:
        db_table = "autopilot_turn"
        indexes = [models.Index(fields=["lane", "next_at"], name="turn_order", condition=models.Q(paused=False))]

    def __str__(self) -> str:
        return f"{self.lane} {self.workspace_id}"


class WorkerProcess(models.Model):
    """One start of a worker or beat process; its id is never used again. `lost_at` is set when its work was taken
    away.
    """

    kind = models.CharField(max_length=10)
    host = models.CharField(max_length=255)
    machine = models.CharField(max_length=255)
    pid = models.IntegerField()
    birth = models.CharField(max_length=100)
    lanes = models.JSONField(default=list)
    running = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_worker"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} on {self.host}"
