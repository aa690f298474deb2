"""Conversations, the messages in them, and calls."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from coach.models.people import Lead
from pilar.backplane.tenant_model import TenantModel
from pilar.ui import words

WINDOW = timedelta(hours=24)
"""The customer service window, opened by each message of the person (providers.md 3.7)."""
WINDOW_MARGIN = timedelta(minutes=5)


class Conversation(TenantModel):
    """The one thread with a lead. `generation` grows with each message of the person: a reply written for an older
    generation is never sent, so that several quick messages get one answer (one writer at a time).
    """

    class Owner(models.TextChoices):
        AI = "ai", _("the AI")
        HUMAN = "human", _("a person")
        WAITING = "waiting", _("waiting for a person")

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, related_name="conversation")
    owner = models.CharField(max_length=8, choices=Owner, default=Owner.AI)
    taken_by = models.CharField(max_length=200, blank=True)
    """The person who has the word; empty while the AI has it, or nobody has taken it yet."""
    generation = models.PositiveIntegerField(default=0)
    answered_generation = models.PositiveIntegerField(default=0)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    window_closed_at = models.DateTimeField(null=True, blank=True)
    """When WhatsApp itself told us that the window is closed (131047), which beats our own reckoning."""
    unread = models.PositiveIntegerField(default=0)
    ai_disclosed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "-last_message_at", "-id"],
                condition=Q(unread__gt=0),
                name="coach_conversation_unread",
            ),
            models.Index(fields=["workspace", "-last_message_at", "-id"], name="coach_conversation_latest"),
            models.Index(fields=["workspace", "owner", "-last_message_at"], name="coach_conversation_owner"),
        ]

    def __str__(self) -> str:
        return str(_("Chat %(id)s") % {"id": self.id})

    @property
    def window_until(self) -> datetime | None:
        """The instant until which free text may be sent, or None when the person has not written yet."""
        if self.last_inbound_at is None:
            return None
        until = self.last_inbound_at + WINDOW - WINDOW_MARGIN
        told = self.window_closed_at
        return min(until, told) if told and told > self.last_inbound_at else until

    def is_open(self, now: datetime) -> bool:
        """Say whether free text may be sent at `now`; a margin of minutes is kept for the way to the phone."""
        until = self.window_until
        return until is not None and now < until


class Message(TenantModel):
    """One message. The state of an outgoing one only ever moves forward, and comes from WhatsApp's own words:
    queued < unknown < sent < delivered < read; failed only before delivered (providers.md 3.4).
    """

    class Direction(models.TextChoices):
        IN = "in", _("incoming")
        OUT = "out", _("outgoing")

    class State(models.TextChoices):
        RECEIVED = "received", words.label("message", "received")
        QUEUED = "queued", words.label("message", "queued")
        UNKNOWN = "unknown", words.label("message", "unknown")
        SENT = "sent", words.label("message", "sent")
        DELIVERED = "delivered", words.label("message", "delivered")
        READ = "read", words.label("message", "read")
        FAILED = "failed", words.label("message", "failed")
        DROPPED = "dropped", words.label("message", "dropped")

    class By(models.TextChoices):
        MEMBER = "member", _("the member")
        AI = "ai", _("the AI")
        HUMAN = "human", _("a person")
        TEMPLATE = "template", _("a template")

    class Category(models.TextChoices):
        MARKETING = "marketing", pgettext_lazy("category", "marketing")
        UTILITY = "utility", pgettext_lazy("category", "utility")
        SERVICE = "service", pgettext_lazy("category", "service")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="messages", db_index=False)
    direction = models.CharField(max_length=3, choices=Direction)
    kind = models.CharField(max_length=24, default="text")
    body = models.TextField(blank=True)
    by = models.CharField(max_length=8, choices=By)
    category = models.CharField(max_length=16, choices=Category, blank=True)
    state = models.CharField(max_length=10, choices=State)
    provider_id = models.CharField(max_length=512, blank=True)
    effect_key = models.CharField(max_length=255, blank=True)
    template = models.JSONField(null=True, blank=True)
    """Name, language and parameters when the message is an approved template."""
    author = models.CharField(max_length=200, blank=True)
    generation = models.PositiveIntegerField(default=0)
    micro_euro = models.BigIntegerField(null=True, blank=True)
    """What WhatsApp asks for it: expected at first, then by its own word; empty where we know no price."""
    pricing = models.JSONField(null=True, blank=True)
    """What WhatsApp said it bills (providers.md 3.7): the truth about the category."""
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=20, blank=True)
    why = models.JSONField(default=dict, blank=True)
    """Why this message: trigger, form, facts, versions, checks, fallbacks."""
    error_code = models.CharField(max_length=20, blank=True)
    error_text = models.TextField(blank=True)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "effect_key"], condition=~Q(effect_key=""), name="coach_message_one_per_intent"
            ),
            models.UniqueConstraint(
                fields=["workspace", "provider_id"], condition=~Q(provider_id=""), name="coach_message_provider_once"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "conversation", "-at", "-id"], name="coach_message_thread"),
            models.Index(fields=["workspace", "-at", "-id"], name="coach_message_latest"),
            models.Index(fields=["workspace", "direction", "at"], name="coach_message_day"),
            models.Index(fields=["workspace", "lead", "direction", "at"], name="coach_message_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()}, {self.get_state_display()} {self.id}"


class CallLog(TenantModel):
    """A telephone call, as the phone provider reported it."""

    lead = models.ForeignKey(
        Lead, on_delete=models.SET_NULL, null=True, blank=True, related_name="calls", db_index=False
    )
    sid = models.CharField(max_length=64)
    direction = models.CharField(max_length=3, choices=Message.Direction)
    number = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=20)
    seconds = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "sid"], name="coach_call_once")]
        indexes = [models.Index(fields=["workspace", "-at"], name="coach_call_latest")]

    def __str__(self) -> str:
        return f"{self.direction} {self.status} {self.sid}"
