"""What the probes saw last, and what is wrong over time (specification Module 7)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class Status(models.TextChoices):
    HEALTHY = "healthy", _("Well")
    DEGRADED = "degraded", _("Weak")
    FAILED = "failed", _("Down")


class Severity(models.TextChoices):
    LOW = "low", pgettext_lazy("severity", "low")
    MEDIUM = "medium", pgettext_lazy("severity", "medium")
    HIGH = "high", pgettext_lazy("severity", "high")
    CRITICAL = "critical", pgettext_lazy("severity", "critical")


class Component(models.TextChoices):
    """The specification's `HealthComponent`; every registered probe names one of these."""

    WEBHOOK_DELIVERY = "webhook_delivery", _("delivery of webhooks")
    QUEUE_PROCESSING = "queue_processing", _("the queue")
    RATE_LIMITS = "rate_limits", _("limits")
    TWILIO = "twilio_integration", "Twilio"
    WHATSAPP = "whatsapp_integration", "WhatsApp"
    AI_PROVIDERS = "ai_providers", _("AI")
    DATABASE = "database_performance", _("database")
    EXTERNAL_APIS = "external_apis", _("other services")


class HealthCheck(TenantRow):
    """The newest finding of one probe. Those of the platform itself belong to the reserved platform workspace."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    probe = models.CharField(max_length=60)
    component = models.CharField(max_length=50, choices=Component)
    status = models.CharField(max_length=20, choices=Status)
    summary = models.CharField(max_length=300)
    fix = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=60, blank=True)
    severity = models.CharField(max_length=20, choices=Severity, default=Severity.LOW)
    for_studio = models.BooleanField(default=False, db_default=False)
    metrics: Any = models.JSONField(default=dict)
    last_check = models.DateTimeField()
    next_check = models.DateTimeField()
    consecutive_failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace_id", "probe"], name="health_check_once")]
        indexes = [models.Index(fields=["next_check"], name="health_check_due")]

    def __str__(self) -> str:
        return f"{self.probe}: {self.get_status_display()}"


class Incident(TenantRow):
    """Something that is wrong, from its first sign to its proven end. One is open per workspace and probe."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("incident", "open")
        INVESTIGATING = "investigating", _("being looked into")
        RESOLVED = "resolved", pgettext_lazy("incident", "solved")
        CLOSED = "closed", pgettext_lazy("incident", "closed")

    ONGOING = (State.OPEN, State.INVESTIGATING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    probe = models.CharField(max_length=60)
    component = models.CharField(max_length=50, choices=Component)
    code = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=300)
    description = models.TextField()
    severity = models.CharField(max_length=20, choices=Severity)
    status = models.CharField(max_length=20, choices=State, default=State.OPEN)
    detected_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    remediation_actions: Any = models.JSONField(default=list)
    escalated = models.BooleanField(default=False)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "probe"],
                condition=models.Q(status__in=["open", "investigating"]),
                name="health_one_open_incident",
            )
        ]
        indexes = [models.Index(fields=["workspace_id", "-detected_at"], name="health_incident_newest")]

    def __str__(self) -> str:
        return self.title
