"""The agent's configuration and rules (specification Module 3)."""

from django.db import models
from django.db.models import Q

from pilar.backplane.tenant_model import TenantModel


class AiAgentConfig(TenantModel):
    """One version of the agent's configuration; the highest is in force. No temperature is sent where a model refuses it."""

    class Provider(models.TextChoices):
        OPENAI = "openai", "OpenAI"
        GROQ = "groq", "Groq"
        ANTHROPIC = "anthropic", "Anthropic"

    version = models.PositiveIntegerField()
    provider = models.CharField(max_length=10, choices=Provider)
    model = models.CharField(max_length=100)
    temperature = models.FloatField(default=0.7)
    max_tokens = models.PositiveIntegerField(default=400)
    system_prompt = models.TextField(blank=True)
    policies = models.JSONField(default=dict)
    fallback_rules = models.JSONField(default=list, blank=True)
    budget_limits = models.JSONField(default=dict)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "version"], name="coach_agent_version_once")]

    def __str__(self) -> str:
        return f"agent configuration {self.version}"


class AiRule(TenantModel):
    """One rule: when the conditions hold, do the actions. Versions are immutable; a change adds one (AiRuleV2)."""

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    rule_type = models.CharField(max_length=40)
    conditions = models.JSONField()
    actions = models.JSONField()
    priority = models.PositiveSmallIntegerField()
    traffic_split = models.PositiveSmallIntegerField(default=100)
    analytics = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key", "version"], name="coach_rule_version_once"),
            models.CheckConstraint(condition=Q(priority__range=(1, 100)), name="coach_rule_priority_1_to_100"),
            models.CheckConstraint(condition=Q(traffic_split__lte=100), name="coach_rule_split_is_a_percentage"),
        ]
        indexes = [models.Index(fields=["workspace", "active", "-priority"], name="coach_rule_order")]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"
