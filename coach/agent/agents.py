"""The agent's configuration: versioned rows inside, the specification's `AiAgentConfig` outside; and its default rules."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from coach.agent.models import AiAgentConfig, AiRule
from coach.agent.rules import validated
from pilar.backplane import audit
from pilar.backplane.tenancy import atomic, savepoint
from pilar.kernel.problems import Conflict, TooMany

DEFAULT_POLICIES: dict[str, Any] = {
    "tone": "motivational",
    "language": "de",
    "response_length": "short",
    "personality_traits": ["warm", "attentive", "honest"],
}
DEFAULT_LIMITS: dict[str, int] = {"daily_tokens": 100_000, "max_response_time": 5}
DEFAULT_RULES: tuple[dict[str, Any], ...] = (
    {
        "key": "hand_over_contract",
        "rule_type": "hand_over",
        "conditions": [
            {"type": "keyword_match", "operator": "regex", "value": r"k[uü]ndig|vertrag|beschwer|cancel my membership"}
        ],
        "actions": [{"type": "escalate", "parameters": {"reason": "contract"}}],
        "priority": 90,
    },
    {
        "key": "trial_interest",
        "rule_type": "tagging",
        "conditions": [{"type": "keyword_match", "operator": "regex", "value": r"probetraining|trial session"}],
        "actions": [{"type": "tag_lead", "parameters": {"tag": "Probetraining"}}],
        "priority": 50,
    },
    {
        "key": "welcome_back",
        "rule_type": "follow_up",
        "conditions": [{"type": "keyword_match", "operator": "regex", "value": r"urlaub|vacation|krank|sick"}],
        "actions": [{"type": "schedule_followup", "parameters": {"type": "motivation_message"}, "delay": 1_209_600}],
        "priority": 30,
    },
)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The configuration in force; version 0 are the defaults."""

    version: int = 0
    provider: str = AiAgentConfig.Provider.OPENAI
    model: str = ""
    temperature: float = 0.7
    max_tokens: int = 400
    system_prompt: str = ""
    policies: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_POLICIES))
    fallback_rules: list[dict[str, Any]] = field(default_factory=list)
    budget_limits: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))


def current() -> AgentSettings:
    """Return the configuration in force."""
    row = AiAgentConfig.objects.order_by("-version").first()
    if row is None:
        return AgentSettings(model=settings.OPENAI_MODEL)
    return AgentSettings(**{name: getattr(row, name) for name in asdict(AgentSettings())})


MODEL_SWITCHES_A_DAY = 5


def save(*, changes: dict[str, Any], actor: str, now: datetime) -> AgentSettings:
    """Write a new version with `changes`; nested objects are merged. Raises Problem for bad rules, Conflict in a race."""
    before = current()
    merged = dict(changes)
    for nested in ("policies", "budget_limits"):
        if nested in merged:
            merged[nested] = getattr(before, nested) | merged[nested]
    for rule in merged.get("fallback_rules", []):
        validated(rule)
    after = replace(before, **merged, version=before.version + 1)
    if before.version and (after.provider, after.model) != (before.provider, before.model):
        _refuse_many_switches(now)
    try:
        with savepoint():
            AiAgentConfig.objects.create(created_by=actor, **asdict(after))
    except IntegrityError as error:
        raise Conflict(_("Somebody else has just changed these settings. Load them again.")) from error
    audit.record(actor, "agent.config", "AiAgentConfig", str(after.version), before=asdict(before), after=asdict(after))
    return after


def _refuse_many_switches(now: datetime) -> None:
    """Switching the model is limited to five times a day (specification Module 3)."""
    lately = AiAgentConfig.objects.filter(created_at__gte=now - timedelta(days=1)).order_by("version")
    used = list(lately.values_list("provider", "model"))
    switches = sum(earlier != later for earlier, later in pairwise(used))
    if switches >= MODEL_SWITCHES_A_DAY:
        raise TooMany(_("The model was switched five times within a day. Try again tomorrow."), retry_after=86_400)


def ensure_defaults(*, changes: dict[str, Any], actor: str, now: datetime) -> dict[str, int]:
    """Give a new workspace its first configuration and rules; what is there already stays. Returns what now exists."""
    with atomic():
        if not AiAgentConfig.objects.exists():
            save(changes=changes, actor=actor, now=now)
        rows = [AiRule(created_by=actor, **validated(rule)) for rule in DEFAULT_RULES]
        AiRule.objects.bulk_create(rows, ignore_conflicts=True)
        return {"config_version": current().version, "rules": AiRule.objects.filter(active=True).count()}
