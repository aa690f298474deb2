from datetime import datetime
from typing import Any

from rest_framework import serializers

from pilar.api.serializers import Strict
from pilar.backplane import events
from pilar.backplane.models import AutopilotEvent, DistributedLock

LONGEST_KEY = 200
SHORTEST_TTL, USUAL_TTL, LONGEST_TTL = 1_000, 30_000, 300_000
LOCK_NAME = r"^[A-Za-z0-9._:/-]{1,150}$"


class NewEvent(Strict):
    """The same `idempotencyKey` again changes nothing and answers with the first event. With `dryRun` all is checked
    and nothing made.
    """

    type = serializers.CharField(max_length=100)
    payload = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False, default=dict)
    idempotency_key = serializers.CharField(max_length=LONGEST_KEY, required=False)
    scheduled_at = serializers.DateTimeField(required=False)
    aggregate_type = serializers.CharField(max_length=60, required=False)
    aggregate_id = serializers.CharField(max_length=100, required=False)
    dry_run = serializers.BooleanField(required=False, default=False)


class EventShown(serializers.ModelSerializer[AutopilotEvent]):
    """An event as the specification's queue has it. What is tried again are its handlers' jobs, never the event."""

    status = serializers.CharField()
    attempts = serializers.IntegerField()
    max_attempts = serializers.SerializerMethodField()
    processed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.SerializerMethodField()

    class Meta:
        model = AutopilotEvent
        fields: tuple[str, ...] = (
            "id", "workspace_id", "type", "aggregate_type", "aggregate_id", "position", "payload", "status", "attempts",
            "max_attempts", "idempotency_key", "scheduled_at", "processed_at", "correlation_id", "causation_id", "created_at",
            "updated_at",
        )  # fmt: skip

    def get_max_attempts(self, event: Any) -> int:
        return events.DISPATCH_ATTEMPTS

    def get_updated_at(self, event: Any) -> datetime:
        found: datetime = event.processed_at or event.created_at
        return found


class EventTaken(EventShown):
    """`queuedUntil` says when it takes effect, where the workspace's limit puts it behind; it is then `scheduledAt`."""

    queued_until = serializers.DateTimeField(allow_null=True)

    class Meta(EventShown.Meta):
        fields = (*EventShown.Meta.fields, "queued_until")


class EventMetadata(serializers.Serializer[Any]):
    idempotency_key = serializers.CharField()
    scheduled_at = serializers.DateTimeField()
    status = serializers.CharField()


class EventStored(serializers.Serializer[Any]):
    """The same event as the specification's event store has it (`?shape=store`)."""

    id = serializers.UUIDField()
    workspace_id = serializers.UUIDField()
    aggregate_id = serializers.CharField()
    aggregate_type = serializers.CharField()
    event_type = serializers.CharField(source="type")
    event_version = serializers.IntegerField(source="version")
    event_data = serializers.JSONField(source="payload")
    metadata = EventMetadata(source="*")
    causation_id = serializers.UUIDField(allow_null=True)
    correlation_id = serializers.UUIDField()
    stream_position = serializers.IntegerField(source="position", allow_null=True)
    timestamp = serializers.DateTimeField(source="created_at")


class NewJob(Strict):
    """The same `idempotencyKey` again answers with the first job; with another payload it is refused. With `dryRun`
    all is checked and nothing made.
    """

    type = serializers.CharField(max_length=100)
    payload = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False, default=dict)
    idempotency_key = serializers.CharField(max_length=LONGEST_KEY, required=False)
    scheduled_at = serializers.DateTimeField(required=False)
    priority = serializers.IntegerField(min_value=0, max_value=9, required=False)
    dry_run = serializers.BooleanField(required=False, default=False)


class EstimateShown(serializers.Serializer[Any]):
    """What the jobs would take: `seconds` until the last is done by one worker that has nothing else to do, of
    `secondsEach` as measured; null where it was not measured yet. `uses`: of each budget at most so much; null where
    that is not stated.
    """

    jobs = serializers.IntegerField()
    seconds_each = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    uses = serializers.DictField(child=serializers.IntegerField(), allow_null=True)


class WouldMake(serializers.Serializer[Any]):
    """The request is right and would make these jobs; `isNew` is false where its key was used before. `queuedUntil`
    says when they would begin, where the workspace's limit would put them behind.
    """

    dry_run = serializers.BooleanField()
    type = serializers.CharField()
    jobs = serializers.ListField(child=serializers.CharField())
    is_new = serializers.BooleanField()
    queued_until = serializers.DateTimeField(allow_null=True)
    estimate = EstimateShown()


class JobShown(serializers.Serializer[Any]):
    """A job as the specification shows it, live or finished."""

    id = serializers.UUIDField()
    workspace_id = serializers.UUIDField()
    type = serializers.CharField()
    payload = serializers.JSONField()
    status = serializers.ChoiceField(choices=("pending", "running", "dead", "succeeded", "cancelled", "discarded"))
    lane = serializers.CharField()
    priority = serializers.IntegerField()
    attempts = serializers.IntegerField()
    max_attempts = serializers.IntegerField()
    idempotency_key = serializers.CharField()
    scheduled_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    locked_at = serializers.DateTimeField(allow_null=True)
    locked_by = serializers.CharField(allow_null=True)
    result = serializers.JSONField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    correlation_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class JobTaken(JobShown):
    """`queuedUntil` says when it begins, where the workspace's limit puts it behind; it is then `scheduledAt`."""

    queued_until = serializers.DateTimeField(allow_null=True)


class NewLock(Strict):
    """`owner` is a name of yours for the holder; times are in milliseconds."""

    lock_key = serializers.RegexField(LOCK_NAME)
    ttl_ms = serializers.IntegerField(min_value=SHORTEST_TTL, max_value=LONGEST_TTL, required=False, default=USUAL_TTL)
    owner = serializers.CharField(max_length=100, required=False)


class LockShown(serializers.ModelSerializer[DistributedLock]):
    """`token` grows with every holder: send it along with what you write, and refuse smaller ones."""

    lock_key = serializers.CharField(source="name")

    class Meta:
        model = DistributedLock
        fields = ("id", "lock_key", "owner", "token", "expires_at")


class Enqueued(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
