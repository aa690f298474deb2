"""The JSON shapes of health (specification Module 7: HealthCheck, HealthIssue, Incident)."""

from typing import Any

from rest_framework import serializers

from health.models import Component, Incident, Severity, Status
from health.words import Health, Issue

STATES = Status.values
SEVERITIES = Severity.choices


class CheckSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    component = serializers.ChoiceField(Component.choices)
    probe = serializers.CharField()
    status = serializers.ChoiceField(STATES)
    summary = serializers.CharField()
    fix = serializers.CharField()
    code = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITIES)
    metrics = serializers.DictField(child=serializers.FloatField())
    last_check = serializers.DateTimeField()
    next_check = serializers.DateTimeField()
    consecutive_failures = serializers.IntegerField()
    failing_since = serializers.DateTimeField(allow_null=True)


class StudioCheckSerializer(CheckSerializer):
    workspace_id = serializers.UUIDField()


class IssueSerializer(serializers.Serializer[Issue]):
    """`fix` is what a person can do; `remediationAction` is what `POST /api/health/remediate/{incidentId}` would do."""

    type = serializers.CharField()
    component = serializers.ChoiceField(Component.choices)
    probe = serializers.CharField()
    status = serializers.ChoiceField(STATES)
    severity = serializers.ChoiceField(SEVERITIES)
    description = serializers.CharField(source="summary")
    fix = serializers.CharField()
    detected_at = serializers.DateTimeField(allow_null=True)
    auto_remediable = serializers.BooleanField()
    remediation_action = serializers.CharField()


class HealthSerializer(serializers.Serializer[Health]):
    """`score` is 0-100, null before the first check."""

    status = serializers.ChoiceField(STATES)
    score = serializers.IntegerField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    checks = CheckSerializer(many=True)
    issues = IssueSerializer(many=True)


class StudioCountSerializer(serializers.Serializer[Any]):
    """Studios by their worst finding."""

    healthy = serializers.IntegerField()
    degraded = serializers.IntegerField()
    failed = serializers.IntegerField()


class PlatformHealthSerializer(serializers.Serializer[Any]):
    """`failing` are checks of studios, at most 50, those that failed longest first."""

    platform = HealthSerializer()
    studios = StudioCountSerializer()
    failing = StudioCheckSerializer(many=True)


class ComponentSerializer(serializers.Serializer[Any]):
    component = serializers.CharField()
    checks = CheckSerializer(many=True)
    studios = StudioCountSerializer()


class PublicHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "degraded", "down"])


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """`remediationActions` are what was tried: type, status, startedAt, completedAt, result, error, actor."""

    class Meta:
        model = Incident
        fields = (
            "id",
            "title",
            "description",
            "severity",
            "status",
            "component",
            "probe",
            "code",
            "detected_at",
            "resolved_at",
            "escalated",
            "escalated_at",
            "remediation_actions",
        )


class RepairedSerializer(serializers.Serializer[Any]):
    result = serializers.CharField()
    incident = IncidentSerializer()
