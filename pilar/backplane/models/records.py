"""Records: what came in, what was done, who changed what, the workspaces' keys and settings, and the cache's table."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class WebhookReceipt(models.Model):
    """A delivery from a provider, stored before it is acknowledged. Global: its workspace is known once resolved."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    account = models.CharField(max_length=100, default="", blank=True)
    event_id = models.CharField(max_length=255)
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    workspace_id = models.UUIDField(null=True, blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        db_table = "autopilot_receipt"
        verbose_name = _("webhook receipt")
        verbose_name_plural = _("webhook receipts")
        constraints = [models.UniqueConstraint(fields=["provider", "account", "event_id"], name="receipt_once")]
        indexes = [
            models.Index(fields=["received_at"], name="receipt_recent"),
            models.Index(fields=["workspace_id", "received_at"], name="receipt_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class ActivityLog(TenantRow):
    """What the autopilot did, for the studio's people: `summary_key` with `facts` is rendered as a sentence."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    summary_key = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    subject_type = models.CharField(max_length=60, default="", blank=True)
    subject_id = models.CharField(max_length=100, default="", blank=True)
    correlation_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_activity"
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["workspace_id", "at"], name="activity_recent"),
            models.Index(fields=["workspace_id", "subject_type", "subject_id", "at"], name="activity_subject"),
            models.Index(fields=["workspace_id", "correlation_id"], name="activity_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class AuditLog(TenantRow):
    """Who changed what. Append-only; `AuditSeal` chains the entries (reliability S9)."""

    append_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor = models.CharField(max_length=255)
    action = models.CharField(max_length=100)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=100)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    origin = models.CharField(max_length=255, default="", blank=True)
    correlation_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_audit"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["workspace_id", "at"], name="audit_recent"),
            models.Index(fields=["workspace_id", "object_type", "object_id"], name="audit_object"),
            models.Index(fields=["at"], name="audit_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"


class AuditSeal(TenantRow):
    """A link of the audit chain: `digest` covers the entry and the digest before it. Append-only, written by the
    sealer.
    """

    append_only = True

    entry_id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField()
    digest = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_audit_seal"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "number"], name="audit_seal_once")]

    def __str__(self) -> str:
        return f"{self.workspace_id} {self.number}"


class DataKey(TenantRow):
    """A workspace's data key, wrapped by the master key called `master`. Erasing the workspace deletes it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.SmallIntegerField()
    wrapped = models.BinaryField()
    master = models.CharField(max_length=16)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_data_key"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "version"], name="data_key_once")]

    def __str__(self) -> str:
        return f"{self.workspace_id} v{self.version}"


class TenantProfile(TenantRow):
    """What the engine must know of a workspace: its time zone, its weight among the others, its limits."""

    workspace_id = models.UUIDField(primary_key=True, editable=False)
    timezone = models.CharField(max_length=60, default="Europe/Berlin")
    weight = models.SmallIntegerField(default=1)
    max_running = models.IntegerField(null=True, blank=True)
    rate = models.FloatField(null=True, blank=True)
    burst = models.FloatField(null=True, blank=True)
    paused = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_tenant"
        verbose_name = _("workspace in the engine")
        verbose_name_plural = _("workspaces in the engine")

    def __str__(self) -> str:
        return str(self.workspace_id)


class CacheEntry(models.Model):
    """A cached value where there is no Redis. The table is unlogged: a crash of the server empties it, as it may."""

    key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_cache"
        indexes = [models.Index(fields=["expires_at"], name="cache_expiry")]

    def __str__(self) -> str:
        return self.key
