"""What the coach knows about a person's training (specification Module 6: LeadCoachingState, Goal, Milestone)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coach.models.people import Lead
from pilar.backplane.tenant_model import TenantModel


class CoachingState(TenantModel):
    """A lead's preferences and figures. Empty preferences mean: as the studio's configuration says."""

    class Style(models.TextChoices):
        ENCOURAGING = "encouraging", _("Encouraging")
        CHALLENGING = "challenging", _("Challenging")
        SUPPORTIVE = "supportive", _("Supportive")

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, related_name="coaching")
    last_training_date = models.DateField(null=True, blank=True)
    last_nudge_at = models.DateTimeField(null=True, blank=True)
    last_response_at = models.DateTimeField(null=True, blank=True)
    frequency = models.CharField(max_length=10, blank=True)
    time_of_day = models.CharField(max_length=5, blank=True)
    weekdays = models.JSONField(default=list, db_default=[], blank=True)
    """Days on which the person wants to be written to, 0 is Monday; empty: any."""
    motivation_style = models.CharField(max_length=12, choices=Style, default=Style.ENCOURAGING)
    nudges_sent = models.PositiveIntegerField(default=0)
    unanswered = models.PositiveSmallIntegerField(default=0)
    """Nudges since the person last wrote."""
    answered_nudges = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"coaching of {self.lead_id}"

    @property
    def response_rate(self) -> float:
        """Share of nudges that were answered, 0 to 1."""
        return self.answered_nudges / self.nudges_sent if self.nudges_sent else 0.0

    @property
    def engagement_score(self) -> int:
        """0 to 100: half for answering at all, half lost by silence since."""
        return round(50 * self.response_rate + max(0, 50 - 15 * self.unanswered))


class Goal(TenantModel):
    """Something the person wants to reach. Never a number of kilos set by the AI (safety)."""

    class Type(models.TextChoices):
        WEIGHT_LOSS = "weight_loss", _("Lose weight")
        MUSCLE_GAIN = "muscle_gain", _("Build muscle")
        ENDURANCE = "endurance", _("Endurance")
        STRENGTH = "strength", _("Strength")
        HABIT = "habit", _("Train regularly")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="goals", db_index=False)
    type = models.CharField(max_length=12, choices=Type)
    target = models.CharField(max_length=200)
    deadline = models.DateField(null=True, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="coach_goal_progress_is_a_percentage")
        ]
        indexes = [models.Index(fields=["workspace", "lead"], name="coach_goal_lead")]

    def __str__(self) -> str:
        return f"{self.type}: {self.target}"


class Milestone(TenantModel):
    """A step on the way to a goal."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="milestones", db_index=False)
    description = models.CharField(max_length=200)
    target_date = models.DateField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "goal", "target_date"], name="coach_milestone_goal")]

    def __str__(self) -> str:
        return self.description

    @property
    def completed(self) -> bool:
        return self.completed_at is not None


class CheckIn(TenantModel):
    """One visit to the studio."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="check_ins", db_index=False)
    at = models.DateTimeField()
    source = models.CharField(max_length=20, default="manual")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "lead", "at"], name="coach_check_in_once")]
        indexes = [models.Index(fields=["workspace", "-at"], name="coach_check_in_latest")]

    def __str__(self) -> str:
        return f"{self.lead_id} at {self.at}"
