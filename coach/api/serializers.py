"""Inputs and answers of the coach's routes."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from coach import chats, consents
from coach.agent.models import AiAgentConfig
from coach.agent.rules import validated
from coach.models import Consent, Conversation, Followup, Lead, Message
from pilar.api.serializers import Strict

TYPE = r"^(coach\.)?[a-z][a-z0-9_-]{0,55}$"
CLOCK = r"^\d{2}:\d{2}$"


class NewConsent(Strict):
    """Proof of an agreement: where it was given, to which words, and when."""

    source: Any = serializers.CharField(max_length=80, required=False, allow_blank=True)
    wording = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    at = serializers.DateTimeField(required=False, allow_null=True)
    purpose = serializers.ChoiceField(choices=Consent.Purpose.choices, required=False)
    version = serializers.CharField(max_length=20, required=False)


class ConsentShown(serializers.ModelSerializer[Consent]):
    state = serializers.ChoiceField(choices=("given", "pending", "withdrawn"), read_only=True)

    class Meta:
        model = Consent
        fields = ("id", "purpose", "state", "source", "wording", "version", "at", "confirmed_at", "withdrawn_at")


class NewLead(Strict):
    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=32, help_text="E.164, or national notation of the studio's country")
    email = serializers.EmailField(required=False, allow_blank=True)
    language = serializers.CharField(max_length=5, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)
    consent = NewConsent(required=False, allow_null=True)


class LeadChange(Strict):
    name = serializers.CharField(max_length=120, required=False)
    email = serializers.EmailField(required=False, allow_blank=True)
    language = serializers.CharField(max_length=5, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)


class LeadShown(serializers.ModelSerializer[Lead]):
    """`consentState`: given, pending, missing or withdrawn; `consent` is the newest one on record."""

    consent_state = serializers.SerializerMethodField()
    consent = serializers.SerializerMethodField()
    tags: Any = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Lead
        fields = (
            "id", "name", "phone", "email", "language", "timezone", "tags", "status", "source", "consent_state",
            "consent", "opted_out_at", "created_at", "updated_at",
        )  # fmt: skip

    def get_consent_state(self, lead: Lead) -> str:
        return consents.standing_of(_coaching(lead)).state

    def get_consent(self, lead: Lead) -> dict[str, Any] | None:
        newest = next(iter(_coaching(lead)), None)
        return dict(ConsentShown(newest).data) if newest else None


def _coaching(lead: Lead) -> list[Consent]:
    """The coaching consents, newest first, from what the view has fetched already."""
    rows = [row for row in lead.consents.all() if row.purpose == Consent.Purpose.COACHING]
    return sorted(rows, key=lambda row: row.pk, reverse=True)


class NewFollowup(Strict):
    lead_id = serializers.UUIDField()
    scheduled_at = serializers.DateTimeField()
    type = serializers.RegexField(
        TYPE,
        default="motivation_message",
        help_text="One of the coach events of the specification, or a label of your own",
    )
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class FollowupShown(serializers.ModelSerializer[Followup]):
    lead_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Followup
        fields = (
            "id", "lead_id", "type", "origin", "status", "reason", "text", "scheduled_at", "expires_at", "attempt",
            "created_at", "finished_at",
        )  # fmt: skip


class ConversationShown(serializers.ModelSerializer[Conversation]):
    """`windowUntil`: until when free text may be sent; null before the member has written."""

    lead_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="lead.name", read_only=True)
    phone = serializers.CharField(source="lead.phone", read_only=True)
    window_until = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Conversation
        fields = (
            "id", "lead_id", "name", "phone", "owner", "unread", "window_until", "last_inbound_at", "last_message_at",
        )  # fmt: skip


class NewMessage(Strict):
    """Either `text` (inside the window) or `template` (the id of an approved template)."""

    text = serializers.CharField(max_length=4096, required=False)
    template = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("template" in attrs):
            raise serializers.ValidationError({"text": ["Send either text or template."]})
        return attrs


class MessageShown(serializers.ModelSerializer[Message]):
    status = serializers.CharField(source="state", read_only=True)
    lead_id = serializers.UUIDField(read_only=True)
    conversation_id = serializers.UUIDField(read_only=True)
    why = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            "id", "conversation_id", "lead_id", "direction", "kind", "body", "by", "category", "status", "template",
            "model", "why", "error_code", "error_text", "micro_euro", "at", "sent_at", "delivered_at", "read_at",
        )  # fmt: skip

    def get_why(self, message: Message) -> dict[str, Any]:
        return chats.explained(message)


@extend_schema_serializer(component_name="CoachTimeWindow")
class TimeWindow(Strict):
    start = serializers.RegexField(CLOCK, help_text="HH:MM")
    end = serializers.RegexField(CLOCK, help_text="HH:MM; 24:00 is the end of the day")


class CoachConfig(Strict):
    """The specification's `whatsappCoach`. What is not sent stays as it is."""

    target_audience = serializers.CharField(max_length=200, required=False)
    goal = serializers.CharField(max_length=300, required=False)
    frequency = serializers.CharField(max_length=10, required=False, help_text="daily, 3x_week, weekly or bi-weekly")
    time_window = TimeWindow(required=False)
    tone = serializers.CharField(max_length=100, required=False)
    language = serializers.CharField(max_length=5, required=False, help_text="DE, EN, ES, FR or IT")
    enabled = serializers.BooleanField(required=False)
    auto_reply = serializers.BooleanField(required=False)
    paused_until = serializers.DateTimeField(read_only=True, help_text="While a pause lasts that ends by itself")


class ScheduleChange(Strict):
    frequency = serializers.CharField(max_length=10, required=False)
    time_window = TimeWindow(required=False)
    enabled = serializers.BooleanField(required=False)


class UpcomingShown(FollowupShown):
    name = serializers.CharField(source="lead.name", read_only=True)
    timezone = serializers.CharField(source="lead.timezone", read_only=True)

    class Meta(FollowupShown.Meta):
        fields = (*FollowupShown.Meta.fields, "name", "timezone")  # type: ignore[assignment]


class ScheduleShown(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    frequency = serializers.CharField()
    time_window = TimeWindow()
    enabled = serializers.BooleanField()
    paused_until = serializers.DateTimeField(allow_null=True)
    upcoming = UpcomingShown(many=True)


def changes_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return validated input as changes of the coach's settings."""
    changes = dict(wanted)
    window = changes.pop("time_window", None)
    if window:
        changes |= {"window_start": window["start"], "window_end": window["end"]}
    return changes


class CoachMessage(Strict):
    lead_id = serializers.UUIDField()
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    type = serializers.RegexField(TYPE, default="motivation_message")
    idempotency_key = serializers.CharField(max_length=100, required=False)


class Rehearsal(Strict):
    lead_id = serializers.UUIDField(required=False)
    type = serializers.RegexField(TYPE, default="motivation_message")
    send = serializers.BooleanField(default=False)


class RehearsalShown(serializers.Serializer[Any]):
    lead_id = serializers.UUIDField()
    form = serializers.ChoiceField(choices=("text", "template"))
    text = serializers.CharField()
    template = serializers.JSONField(allow_null=True)
    verdict = serializers.ChoiceField(choices=("go", "wait", "refuse"))
    reason = serializers.CharField()
    why = serializers.JSONField()
    followup_id = serializers.UUIDField(allow_null=True)


class SchedulerRun(Strict):
    workspace_id = serializers.UUIDField(required=False)


class Due(serializers.Serializer[Any]):
    due = serializers.IntegerField()


class Policies(Strict):
    tone = serializers.ChoiceField(choices=("professional", "friendly", "casual", "motivational"), required=False)
    language = serializers.ChoiceField(choices=("de", "en", "es", "fr", "it"), required=False)
    response_length = serializers.ChoiceField(choices=("short", "medium", "long"), required=False)
    personality_traits = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=10, required=False
    )


class BudgetLimits(Strict):
    daily_tokens = serializers.IntegerField(min_value=0, max_value=100_000_000, required=False)
    max_response_time = serializers.IntegerField(min_value=1, max_value=60, required=False, help_text="seconds")


class AgentConfig(Strict):
    """The specification's `AiAgentConfig`. What is not sent stays as it is."""

    provider = serializers.ChoiceField(choices=AiAgentConfig.Provider.choices, required=False)
    model = serializers.CharField(max_length=100, required=False)
    temperature = serializers.FloatField(min_value=0, max_value=2, required=False)
    max_tokens = serializers.IntegerField(min_value=50, max_value=4000, required=False)
    system_prompt = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    policies = Policies(required=False)
    fallback_rules = serializers.ListField(child=serializers.DictField(), max_length=50, required=False)
    budget_limits = BudgetLimits(required=False)

    def validate_fallback_rules(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [validated(rule) for rule in value]


class AgentConfigShown(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    version = serializers.IntegerField()
    provider = serializers.CharField()
    model = serializers.CharField()
    temperature = serializers.FloatField()
    max_tokens = serializers.IntegerField()
    system_prompt = serializers.CharField(allow_blank=True)
    policies = Policies()
    fallback_rules = serializers.ListField(child=serializers.DictField())
    budget_limits = BudgetLimits()
