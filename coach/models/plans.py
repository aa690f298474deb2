"""What will be said, when, in which words: configuration, follow-ups, template texts, calendar defaults."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coach.models.people import Lead
from pilar.backplane.tenant_model import TenantModel
from pilar.ui import words


class CoachConfig(TenantModel):
    """One version of the coach's settings (specification overview: `whatsappCoach`); the highest is in force."""

    class Frequency(models.TextChoices):
        DAILY = "daily", _("Every day")
        THREE_A_WEEK = "3x_week", _("Three times a week")
        WEEKLY = "weekly", _("Once a week")
        BI_WEEKLY = "bi-weekly", _("Every two weeks")

    version = models.PositiveIntegerField()
    target_audience = models.CharField(max_length=200)
    goal = models.CharField(max_length=300)
    frequency = models.CharField(max_length=10, choices=Frequency)
    window_start = models.CharField(max_length=5)
    window_end = models.CharField(max_length=5)
    tone = models.CharField(max_length=100)
    language = models.CharField(max_length=2)
    enabled = models.BooleanField()
    auto_reply = models.BooleanField()
    paused_until = models.DateTimeField(null=True, blank=True)
    """The coach writes nothing by itself before this instant; it goes on alone afterwards."""
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "version"], name="coach_config_version_once")]

    def __str__(self) -> str:
        return f"coach configuration {self.version}"


class Followup(TenantModel):
    """One planned message to one lead. `occurrence` makes it exist once: schedule, local date and slot, or the caller's key.

    `attempt` grows only when WhatsApp has said that the attempt before did not reach the person.
    """

    class Status(models.TextChoices):
        PENDING = "pending", words.label("followup", "pending")
        PROCESSING = "processing", words.label("followup", "processing")
        UNKNOWN = "unknown", words.label("followup", "unknown")
        SENT = "sent", words.label("followup", "sent")
        FAILED = "failed", words.label("followup", "failed")
        CANCELLED = "cancelled", words.label("followup", "cancelled")
        SKIPPED = "skipped", words.label("followup", "skipped")
        SKIPPED_LATE = "skipped_late", words.label("followup", "skipped_late")

    class Origin(models.TextChoices):
        SCHEDULE = "schedule", _("the rhythm")
        PERSON = "person", _("a person")
        SYSTEM = "system", _("the product itself")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="followups", db_index=False)
    type = models.CharField(max_length=64)
    origin = models.CharField(max_length=8, choices=Origin)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    scheduled_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    occurrence = models.CharField(max_length=160)
    attempt = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(blank=True)
    """Words given by the caller; empty when the coach is to find them."""
    reason = models.CharField(max_length=80, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "occurrence"], name="coach_followup_once_per_occurrence"),
            models.UniqueConstraint(
                fields=["workspace", "lead"],
                condition=Q(status="pending", origin="schedule"),
                name="coach_followup_one_next_per_lead",
            ),
        ]
        indexes = [
            models.Index(fields=["scheduled_at"], condition=Q(status="pending"), name="coach_followup_due"),
            models.Index(fields=["workspace", "status", "scheduled_at"], name="coach_followup_status"),
            models.Index(fields=["workspace", "lead", "-scheduled_at"], name="coach_followup_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.type} at {self.scheduled_at}"


class FollowupTemplate(TenantModel):
    """The studio's own words for one message template in one language, before and besides WhatsApp's review."""

    purpose = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    language = models.CharField(max_length=5)
    category = models.CharField(max_length=16, default="MARKETING")
    body = models.TextField()
    footer = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name", "language"], name="coach_template_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class CalendarEventType(TenantModel):
    """A kind of appointment the studio offers, e.g. a trial session."""

    key = models.CharField(max_length=40)
    title = models.CharField(max_length=100)
    minutes = models.PositiveSmallIntegerField()
    buffer_minutes = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="coach_calendar_type_once")]

    def __str__(self) -> str:
        return self.title
