"""The pipeline's memory: one run per row, one checkpoint per step, and what a studio may change of its defaults."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.tenant_model import TenantModel


class ProvisioningJob(TenantModel):
    """One run of the pipeline (specification S1 "Provisioning Pipeline", checklist P-25). At most one is open per workspace."""

    class Trigger(models.TextChoices):
        STRIPE = "stripe", _("Payment")
        ONBOARDING = "onboarding", _("Onboarding finished")
        MANUAL = "manual", _("Started by hand")

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        WAITING = "waiting", _("waiting")
        FAILED = "failed", _("failed")
        SUCCEEDED = "succeeded", _("succeeded")

    OPEN = (Status.RUNNING, Status.WAITING, Status.FAILED)

    trigger = models.CharField(max_length=20, choices=Trigger)
    status = models.CharField(max_length=20, choices=Status, default=Status.RUNNING)
    correlation_id = models.UUIDField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    from_step = models.CharField(max_length=60, blank=True)
    """The step that this run begins with; what came before is taken over from the run before it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=~models.Q(status="succeeded"), name="provisioning_one_open_run"
            )
        ]
        indexes = [models.Index(fields=["workspace", "-started_at"], name="provisioning_job_history")]

    def __str__(self) -> str:
        return f"{self.workspace}: {self.get_status_display()}"


class ProvisioningStep(TenantModel):
    """The checkpoint of one step. `round` rises with every new order to run it, so that an old job cannot write."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        IN_PROGRESS = "in_progress", _("running")
        WAITING = "waiting", _("waiting")
        RETRYING = "retrying", _("failed, tries again")
        FAILED = "failed", _("failed")
        COMPLETED = "completed", pgettext_lazy("step", "done")
        SKIPPED = "skipped", _("not needed")

    GREEN = (Status.COMPLETED, Status.SKIPPED)

    job = models.ForeignKey(ProvisioningJob, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=60)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    round = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    waiting_on = models.CharField(max_length=20, blank=True)
    waiting_code = models.CharField(max_length=60, blank=True)
    waiting_since = models.DateTimeField(null=True)
    waited_seconds = models.FloatField(default=0)
    """Time that a studio or a review took, kept apart from ours (checklist K-08)."""
    reason = models.TextField(blank=True)
    action = models.CharField(max_length=80, blank=True)
    next_try_at = models.DateTimeField(null=True)
    error_class = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    result: Any = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "job", "name"], name="provisioning_step_once")]

    def __str__(self) -> str:
        return f"{self.workspace}: {self.name}"


class WorkspaceDefaults(TenantModel):
    """A version of the defaults that set-up installs (specification Module 4 `WorkspaceDefaults`)."""

    version = models.PositiveIntegerField()
    data: Any = models.JSONField()
    author = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "version"], name="provisioning_defaults_version")]
