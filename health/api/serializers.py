"""The JSON shapes of health (specification Module 7: HealthCheck, Incident)."""

from typing import Any

from rest_framework import serializers

from health.models import Incident
from health.words import Health


class CheckSerializer(serializers.Serializer[Any]):
    component = serializers.CharField()
    probe = serializers.CharField()
    status = serializers.ChoiceField(["healthy", "degraded", "failed"])
    summary = serializers.CharField()
    fix = serializers.CharField()
    severity = serializers.CharField()
    metrics = serializers.DictField(child=serializers.FloatField())
    last_check = serializers.DateTimeField()
    next_check = serializers.DateTimeField()
    consecutive_failures = serializers.IntegerField()


class HealthSerializer(serializers.Serializer[Health]):
    status = serializers.ChoiceField(["healthy", "degraded", "failed"])
    score = serializers.IntegerField()
    checked_at = serializers.DateTimeField(allow_null=True)
    checks = CheckSerializer(many=True)
    issues = CheckSerializer(many=True)


class PublicHealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "degraded", "down"])


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    class Meta:
        model = Incident
        fields = (
            "id",
            "title",
            "description",
            "severity",
            "status",
            "component",
            "detected_at",
            "resolved_at",
            "escalated",
            "escalated_at",
            "remediation_actions",
        )
