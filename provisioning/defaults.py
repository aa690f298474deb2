"""What set-up installs in a new studio, and what the studio may change of it (specification Module 4, checklist P-27).

Rooms of one floor do not import each other: the steps of the coach receive these through the pipeline's results.
"""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pilar.backplane import audit
from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict, Problem
from provisioning.models import WorkspaceDefaults

Language = Literal["de", "en", "es", "fr", "it"]
_CRON_PART = r"(\*|\d{1,2}(-\d{1,2})?)(/\d{1,2})?"
_CRON_FIELD = rf"{_CRON_PART}(,{_CRON_PART})*"
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AgentPolicies(_Part):
    tone: Literal["professional", "friendly", "casual", "motivational"] = "motivational"
    language: Language = "de"
    response_length: Literal["short", "medium", "long"] = "short"
    personality_traits: list[str] = Field(default_factory=lambda: ["warm", "clear"], max_length=10)


class AiAgentDefaults(_Part):
    provider: Literal["openai", "groq", "anthropic"] = "openai"
    model: str = Field(default="", max_length=100)
    """Empty means the model of the installation's settings: model names change monthly (providers.md 4.1)."""
    system_prompt: str = Field(default="", max_length=4000)
    policies: AgentPolicies = Field(default_factory=AgentPolicies)


class TrainingSchedule(_Part):
    """`cron` has five fields, minute to weekday: numbers, `*`, lists, ranges and steps."""

    type: str = Field(pattern=r"^coach\.[a-z_]+$", max_length=60)
    cron: str = Field(pattern=rf"^{_CRON_FIELD}( {_CRON_FIELD}){{4}}$", max_length=60)
    enabled: bool = True


class TrainingDefaults(_Part):
    enabled: bool = True
    schedules: list[TrainingSchedule] = Field(
        default_factory=lambda: [
            TrainingSchedule(type="coach.morning_nudge", cron="0 8 * * *", enabled=False),
            TrainingSchedule(type="coach.missed_training_nudge", cron="0 17 * * *"),
            TrainingSchedule(type="coach.weekly_checkin", cron="0 10 * * 1"),
            TrainingSchedule(type="coach.motivation_message", cron="0 16 * * 4"),
            TrainingSchedule(type="coach.nutrition_reminder", cron="0 12 * * 3", enabled=False),
        ],
        max_length=20,
    )


class FollowupSchedule(_Part):
    frequency: Literal["daily", "3x_week", "weekly", "bi-weekly"] = "weekly"
    window_start: str = Field(default="09:00", pattern=_CLOCK)
    window_end: str = Field(default="18:00", pattern=_CLOCK)

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.window_start >= self.window_end:
            raise ValueError(_("The window must end after it begins."))
        return self


class FollowupDefaults(_Part):
    enabled: bool = True
    schedule: FollowupSchedule = Field(default_factory=FollowupSchedule)


class CalendarEvent(_Part):
    name: str = Field(min_length=1, max_length=80)
    minutes: int = Field(ge=5, le=480)


class CalendarDefaults(_Part):
    enabled: bool = True
    event_types: list[CalendarEvent] = Field(
        default_factory=lambda: [
            CalendarEvent(name="Probetraining", minutes=60),
            CalendarEvent(name="Beratung", minutes=30),
        ],
        max_length=20,
    )
    default_duration: int = Field(default=60, ge=5, le=480)
    buffer_time: int = Field(default=15, ge=0, le=120)


class Defaults(_Part):
    """The specification's `WorkspaceDefaults`; durations are minutes."""

    ai_agent: AiAgentDefaults = Field(default_factory=AiAgentDefaults)
    training_logic: TrainingDefaults = Field(default_factory=TrainingDefaults)
    followups: FollowupDefaults = Field(default_factory=FollowupDefaults)
    calendar: CalendarDefaults = Field(default_factory=CalendarDefaults)


def current_defaults(*, language: str) -> tuple[int, Defaults]:
    """Return the version in force and its content; version 0 is ours, in the studio's language."""
    with atomic():
        row = WorkspaceDefaults.objects.order_by("-version").first()
    if row:
        return row.version, Defaults.model_validate(row.data)
    known = language if language in ("de", "en", "es", "fr", "it") else "de"
    return 0, Defaults.model_validate({"ai_agent": {"policies": {"language": known}}})


def change_defaults(
    *, data: dict[str, Any], version: int | None, actor: str, workspace_id: UUID, now: datetime
) -> tuple[int, Defaults]:
    """Store a new version and return it. What `data` leaves out is our default.

    Raises Problem naming each wrong field, Conflict when `version` is not the one in force.
    """
    try:
        wanted = Defaults.model_validate(data)
    except ValidationError as error:
        raise invalid(error) from error
    with atomic():
        last = WorkspaceDefaults.objects.select_for_update().order_by("-version").first()
        in_force = last.version if last else 0
        if version is not None and version != in_force:
            raise _overtaken()
        before, after = (last.data if last else None), wanted.model_dump(mode="json")
        values = {"data": after, "author": actor, "created_at": now}
        _row, is_new = WorkspaceDefaults.objects.get_or_create(version=in_force + 1, defaults=values)
        if not is_new:  # nobody could lock the row that both of us were about to write
            raise _overtaken()
        audit.record(actor, "provisioning.defaults_changed", "workspace", str(workspace_id), before=before, after=after)
    return in_force + 1, wanted


def _overtaken() -> Conflict:
    return Conflict(_("Somebody else has changed these settings. Load them again and repeat your change."))


def invalid(error: ValidationError) -> Problem:
    """Turn pydantic's findings into a problem that names each field."""
    fields = {".".join(str(part) for part in found["loc"]) or "body": found["msg"] for found in error.errors()}
    return Problem(
        _("Some values cannot be used. See each field for what is wrong."), code="invalid_fields", fields=fields
    )
