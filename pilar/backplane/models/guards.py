"""What keeps effects single, holders alone and spending within its limits."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pilar.backplane.tenant_model import TenantRow
from pilar.kernel.ids import uuid7


class Effect(TenantRow):
    """One intent to change the world outside (reliability P2). `key` names the business occurrence.

    `holder` is the worker process that is calling while the state is `sending`; `turn` counts the calls and fences
    them.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")

    id = models.UUIDField(primary_key=True, default=uuid7)
    key = models.CharField(max_length=255)
    provider = models.CharField(max_length=40)
    operation = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    provider_ref = models.CharField(max_length=255, default="", blank=True)
    data = models.JSONField(default=dict)
    turn = models.IntegerField(default=0)
    holder = models.BigIntegerField(null=True)
    job_id = models.UUIDField(null=True)
    error = models.TextField(default="", blank=True)
    correlation_id = models.UUIDField()
    planned_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_effect"
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        constraints = [models.UniqueConstraint(fields=["workspace_id", "key"], name="effect_once")]
        indexes = [
            models.Index(fields=["workspace_id", "correlation_id"], name="effect_thread"),
            models.Index(
                fields=["workspace_id", "changed_at"],
                name="effect_open",
                condition=models.Q(state__in=["sending", "unknown"]),
            ),
            models.Index(fields=["workspace_id", "provider", "provider_ref"], name="effect_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class DistributedLock(TenantRow):
    """A lease on a name. `token` only grows, so that a late writer with an old one can be refused."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.CharField(max_length=200)
    scope = models.CharField(max_length=40, default="autopilot")
    owner = models.CharField(max_length=200)
    token = models.BigIntegerField()
    acquired_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "autopilot_lock"
        verbose_name = _("lock")
        verbose_name_plural = _("locks")
        constraints = [models.UniqueConstraint(fields=["workspace_id", "scope", "name"], name="lock_once")]
        indexes = [models.Index(fields=["workspace_id", "expires_at"], name="lock_expiry")]

    def __str__(self) -> str:
        return self.name


class Budget(TenantRow):
    """What a workspace may use of one resource; null is no limit. `own_daily` is what it allows itself within `daily`,
    `own_monthly` in a month of what costs money. The operator's override holds until its time.
    """

    class Policy(models.TextChoices):
        QUEUE = "queue", _("wait until there is room")
        DROP = "drop", _("leave it out")
        DEGRADE = "degrade", _("do it more simply")

    id = models.UUIDField(primary_key=True, default=uuid7)
    resource = models.CharField(max_length=40)
    daily = models.BigIntegerField(null=True)
    own_daily = models.BigIntegerField(null=True)
    own_monthly = models.BigIntegerField(null=True)
    hourly = models.BigIntegerField(null=True)
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.QUEUE)
    override_daily = models.BigIntegerField(null=True)
    override_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_budget"
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [models.UniqueConstraint(fields=["workspace_id", "resource"], name="budget_once")]

    def __str__(self) -> str:
        return self.resource


class BudgetWindow(TenantRow):
    """What was used and reserved in one window; `opened_at` is the studio's local midnight (of the first,
    for a month), or the full hour.
    """

    class Span(models.TextChoices):
        DAY = "day", _("day")
        HOUR = "hour", _("hour")
        MONTH = "month", _("month")

    id = models.UUIDField(primary_key=True, default=uuid7)
    resource = models.CharField(max_length=40)
    span = models.CharField(max_length=5, choices=Span)
    opened_at = models.DateTimeField()
    used = models.BigIntegerField(default=0)

    class Meta:
        db_table = "autopilot_budget_window"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "resource", "span", "opened_at"], name="budget_window_once"
            ),
            models.CheckConstraint(condition=models.Q(used__gte=0), name="budget_window_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.span} {self.opened_at:%Y-%m-%d %H:%M}"


class BudgetEntry(TenantRow):
    """The ledger: one use, reserved first and settled or released later. The windows are the sums of it.

    `overrun` is what was used beyond the reservation; it is recorded and does not count against the window.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        SETTLED = "settled", _("settled")
        RELEASED = "released", _("released")

    id = models.UUIDField(primary_key=True, default=uuid7)
    key = models.CharField(max_length=255)
    resource = models.CharField(max_length=40)
    amount = models.BigIntegerField()
    overrun = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    day = models.DateTimeField()
    hour = models.DateTimeField()
    month = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "autopilot_budget_entry"
        constraints = [models.UniqueConstraint(fields=["workspace_id", "resource", "key"], name="budget_entry_once")]
        indexes = [
            models.Index(fields=["workspace_id", "resource", "day"], name="budget_entry_day"),
            models.Index(
                fields=["workspace_id", "created_at"],
                name="budget_entry_open",
                condition=models.Q(state="reserved"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.amount} {self.key}"
