"""What a rule may say (specification Module 3, AiRuleV2). Validation only; firing them is the agent engine's work."""

import re
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pilar.kernel.problems import Problem

_CATASTROPHIC = re.compile(r"\([^)]*[+*][^)]*\)[+*{]|\\[1-9]|\(\?[=!<]")
"""Nested repeats, back references and look-arounds: patterns that can take for ever (checklist AI-13)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Condition(_Part):
    type: Literal["keyword_match", "sentiment", "intent", "time_based", "lead_property"]
    operator: Literal["equals", "contains", "regex", "greater_than", "less_than"]
    value: Any
    weight: float = Field(default=1.0, ge=0, le=100)

    @model_validator(mode="after")
    def pattern_is_safe(self) -> "Condition":
        """Refuse patterns that do not compile, are too long, or could run for ever."""
        if self.operator == "regex":
            text = str(self.value)
            if len(text) > 200 or _CATASTROPHIC.search(text):
                raise ValueError("this pattern is too complicated")
            try:
                re.compile(text)
            except re.error as error:
                raise ValueError("this is no valid pattern") from error
        return self


class Action(_Part):
    type: Literal["send_template", "send_text", "schedule_followup", "tag_lead", "escalate", "call_function"]
    parameters: dict[str, Any] = Field(default_factory=dict)
    delay: int = Field(default=0, ge=0, le=31_536_000)


class Rule(_Part):
    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    rule_type: str = Field(min_length=1, max_length=40)
    conditions: list[Condition] = Field(min_length=1, max_length=20)
    actions: list[Action] = Field(min_length=1, max_length=10)
    priority: int = Field(ge=1, le=100)
    version: int = Field(default=1, ge=1)
    traffic_split: int = Field(default=100, ge=0, le=100)
    active: bool = True


def validated(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the rule with its defaults filled in. Raises Problem naming each wrong part."""
    try:
        return Rule.model_validate(rule).model_dump()
    except ValidationError as error:
        fields = {".".join(str(part) for part in found["loc"]): found["msg"] for found in error.errors()}
        raise Problem(_("The rule is not valid."), code="validation_failed", fields=fields) from error
