"""The JSON shapes of provisioning (specification Module 4: WorkspaceProvisioningJob, JobStepStatus)."""

from typing import Any

from rest_framework import serializers

from pilar.api.serializers import Strict
from provisioning import report
from provisioning.report import RunReport, StepReport


class StepSerializer(serializers.Serializer[StepReport]):
    """`seconds` is our own time, `waitedSeconds` that of the studio or a review."""

    name = serializers.CharField(source="key")
    status = serializers.SerializerMethodField()
    state = serializers.CharField()
    weight = serializers.IntegerField()
    attempts = serializers.IntegerField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    waited_seconds = serializers.FloatField()
    reason = serializers.CharField()
    waiting_for = serializers.CharField()
    waiting_code = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField(allow_null=True)
    action_url = serializers.CharField()
    error_class = serializers.CharField()
    error = serializers.CharField()
    result = serializers.DictField()

    def get_status(self, step: StepReport) -> str:
        """The specification's four words; waiting is work in progress there."""
        words = {"done": "completed", "skipped": "completed", "pending": "pending", "failed": "failed"}
        return words.get(step.state, "in_progress")


class FromStepInput(Strict):
    """With `dryRun` it is only said what would run again and what would be kept."""

    workspace_id = serializers.UUIDField(required=False)
    step = serializers.CharField(max_length=60)
    dry_run = serializers.BooleanField(required=False, default=False)


class CheckpointSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    status = serializers.CharField()
    result = serializers.SerializerMethodField()

    def get_result(self, row: Any) -> dict[str, Any]:
        return report.shown_result(row)


class PlanSerializer(serializers.Serializer[Any]):
    """The checkpoints that are made anew and those that are kept with their results."""

    again = CheckpointSerializer(many=True)
    kept = CheckpointSerializer(many=True)


class RunSerializer(serializers.Serializer[RunReport]):
    id = serializers.UUIDField()
    job_type = serializers.CharField(default="workspace_setup", read_only=True)
    status = serializers.ChoiceField(["running", "waiting", "failed", "ready"])
    trigger = serializers.CharField()
    from_step = serializers.CharField()
    progress = serializers.IntegerField(min_value=0, max_value=100)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    our_seconds = serializers.FloatField()
    correlation_id = serializers.UUIDField()
    steps = StepSerializer(many=True)


class RetryInput(Strict):
    workspace_id = serializers.UUIDField(required=False)
    step = serializers.CharField(max_length=60, required=False, allow_null=True)


class WorkspaceInput(Strict):
    workspace_id = serializers.UUIDField(required=False)


class PurchaseInput(Strict):
    checkout_session_id = serializers.RegexField(r"^cs_[A-Za-z0-9_]{1,250}$", max_length=255)


class DefaultsSerializer(Strict):
    version = serializers.IntegerField(required=False, min_value=0, max_value=2_000_000_000)
    defaults = serializers.DictField()


class SignupInput(Strict):
    workspace_id = serializers.UUIDField(required=False)
    code = serializers.CharField(max_length=2000)
    waba_id = serializers.RegexField(r"^\d{1,40}$")
    phone_number_id = serializers.RegexField(r"^\d{1,40}$")
    business_id = serializers.RegexField(r"^\d{1,40}$", required=False, allow_blank=True, default="")


class WhatsAppHealthSerializer(serializers.Serializer[Any]):
    """The specification's `WABAPrerequisites` with what Meta says of the number."""

    configured = serializers.BooleanField()
    connected = serializers.BooleanField()
    number = serializers.CharField()
    status = serializers.CharField()
    quality = serializers.CharField()
    can_send = serializers.CharField()
    webhook_configured = serializers.BooleanField()
    phone_number_verified = serializers.BooleanField()
    display_name_approved = serializers.BooleanField()
    payment_method_added = serializers.BooleanField(allow_null=True)
    templates_approved = serializers.ListField(child=serializers.CharField())
