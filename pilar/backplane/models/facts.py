"""Facts: immutable events, their dispatch, and their order within one aggregate."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class AutopilotEvent(TenantRow):
    """Something that happened, or will at `scheduled_at`; partitioned by day through its UUIDv7. Never changed.

    `position` counts the events of one aggregate from 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    type = models.CharField(max_length=100)
    version = models.SmallIntegerField(default=1)
    aggregate_type = models.CharField(max_length=60, default="", blank=True)
    aggregate_id = models.CharField(max_length=100, default="", blank=True)
    position = models.BigIntegerField(null=True)
    payload = models.JSONField()
    idempotency_key = models.CharField(max_length=255)
    scheduled_at = models.DateTimeField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_event"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["workspace_id", "id"], name="event_recent"),
            models.Index(fields=["workspace_id", "correlation_id"], name="event_thread"),
            models.Index(fields=["workspace_id", "aggregate_type", "aggregate_id", "position"], name="event_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class EventDispatch(TenantRow):
    """Whether an event has been handed to its subscribers: one job each, all in one transaction."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        DISPATCHED = "dispatched", _("dispatched")
        CANCELLED = "cancelled", _("cancelled")

    event_id = models.UUIDField(primary_key=True)
    status = models.CharField(max_length=10, choices=Status)
    attempts = models.SmallIntegerField(default=0)
    handlers = models.SmallIntegerField(default=0)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_event_dispatch"

    def __str__(self) -> str:
        return f"{self.event_id} {self.status}"


class Wait(TenantRow):
    """A job that begins when an event happens to an aggregate, or at `until`. `outcome` is decided once."""

    class Outcome(models.TextChoices):
        OPEN = "", _("waiting")
        EVENT = "event", _("it happened")
        TIME = "time", _("the time was over")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7)
    job_id = models.UUIDField(unique=True)
    event = models.CharField(max_length=100)
    aggregate_type = models.CharField(max_length=60)
    aggregate_id = models.CharField(max_length=100)
    until = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN, blank=True)
    event_id = models.UUIDField(null=True)
    correlation_id = models.UUIDField()
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_wait"
        verbose_name = _("wait")
        verbose_name_plural = _("waits")
        indexes = [
            models.Index(
                fields=["workspace_id", "aggregate_type", "aggregate_id", "event"],
                name="wait_open",
                condition=models.Q(outcome=""),
            ),
            models.Index(fields=["workspace_id", "correlation_id"], name="wait_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.aggregate_type} {self.aggregate_id}"


class EventStream(TenantRow):
    """The last position given out to one aggregate."""

    pk = models.CompositePrimaryKey("workspace_id", "aggregate_type", "aggregate_id")
    aggregate_type = models.CharField(max_length=60)
    aggregate_id = models.CharField(max_length=100)
    position = models.BigIntegerField()

    class Meta:
        db_table = "autopilot_event_stream"

    def __str__(self) -> str:
        return f"{self.aggregate_type} {self.aggregate_id}"
