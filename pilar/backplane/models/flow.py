"""How work flows: what holds providers back, and the figures of the lanes that screens and Prometheus read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class Throttle(TenantRow):
    """What holds back the jobs that use one provider: until `held_until` none starts (its Retry-After), and at most
    `max_running` run at once. A row of the platform holds for all workspaces together.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    held_until = models.DateTimeField(null=True, blank=True)
    max_running = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        db_table = "autopilot_throttle"
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")
        constraints = [models.UniqueConstraint(fields=["workspace_id", "provider"], name="throttle_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.workspace_id}"


class LaneFigures(models.Model):
    """What waited, ran and had died in one lane at `taken_at`: counted by one worker every few seconds, never per
    request.
    """

    lane = models.SmallIntegerField(primary_key=True)
    pending = models.BigIntegerField()
    due = models.BigIntegerField()
    running = models.BigIntegerField()
    dead = models.BigIntegerField()
    suspect = models.BigIntegerField()
    oldest_due_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_lane_figures"

    def __str__(self) -> str:
        return f"{self.lane} {self.taken_at:%H:%M:%S}"


class TypeTime(models.Model):
    """How long runs of one type took that finished their job: of the last thousand or two, all studios together."""

    type = models.CharField(max_length=200, primary_key=True)
    runs = models.FloatField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        db_table = "autopilot_type_time"

    def __str__(self) -> str:
        return self.type


class LaneCount(models.Model):
    """A number that only grows, summed over all worker processes there ever were (`claimed`, `done`, `run_le_0.1`)."""

    pk = models.CompositePrimaryKey("lane", "name")
    lane = models.SmallIntegerField()
    name = models.CharField(max_length=40)
    total = models.FloatField(default=0)

    class Meta:
        db_table = "autopilot_lane_count"

    def __str__(self) -> str:
        return f"{self.lane} {self.name}"
