"""Inputs and answers of the import and export of many members."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from coach import import_rows, imports
from coach.exports import MOST_PEOPLE
from coach.models import MemberExport, MemberImport
from coach.tables import MOST_ROWS
from pilar.api.serializers import Strict
from workspaces import plan_limits

OUTCOMES = (import_rows.NEW, import_rows.KNOWN, import_rows.WRONG, import_rows.FULL)
REASONS = ("no_phone", "bad_phone", "known", "bad_email", "no_consent_date", "plan_full")


class ImportedLead(Strict):
    """One row. What cannot be used is said in the report and stops no other row."""

    name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, help_text="E.164, or national notation of the studio's country")
    email = serializers.CharField(max_length=254, allow_blank=True, required=False)
    language = serializers.CharField(max_length=5, allow_blank=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20, required=False)
    consent_at = serializers.DateField(required=False, allow_null=True, help_text="The day of this person's consent")


class ImportedConsent(Strict):
    """What all rows agreed to. With `at` they did so on one day; without it the rows name their own by `consentAt`."""

    source: Any = serializers.CharField(max_length=80)
    wording = serializers.CharField(max_length=4000)
    at = serializers.DateField(required=False, allow_null=True)


class NewImport(Strict):
    leads = serializers.ListField(child=ImportedLead(), allow_empty=False, max_length=MOST_ROWS)
    consent = ImportedConsent(required=False, allow_null=True)
    dry_run = serializers.BooleanField(default=False)


class Counts(serializers.Serializer[Any]):
    """Rows by outcome: added, known before (in the studio or further up), unusable, without room in the plan."""

    new = serializers.IntegerField()
    known = serializers.IntegerField()
    wrong = serializers.IntegerField()
    full = serializers.IntegerField()


class ImportShown(serializers.ModelSerializer[MemberImport]):
    """`actionUrl` is where a larger plan is chosen, when rows found no room."""

    counts = Counts()
    action_url = serializers.URLField(allow_null=True)

    class Meta:
        model = MemberImport
        fields = ("id", "status", "rows", "done", "counts", "action_url", "created_at", "finished_at")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        counts = imports.counts_of(instance)
        larger = f"{settings.PUBLIC_BASE_URL}{plan_limits.larger_plans()}" if counts[import_rows.FULL] else None
        return super().to_representation(vars(instance) | {"counts": counts, "action_url": larger})


class RowShown(serializers.Serializer[Any]):
    """`row` is the place in the list that was sent, from 1. A new row may have a remark too."""

    row = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    reason = serializers.ChoiceField(choices=REASONS, allow_blank=True)


class Rehearsed(serializers.Serializer[Any]):
    """What an import would do; `remarks` has the first 200 rows with one."""

    counts = Counts()
    with_consent = serializers.IntegerField()
    remarks = RowShown(many=True)


class ReportPage(serializers.Serializer[Any]):
    items = RowShown(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class NewExport(Strict):
    lead_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MOST_PEOPLE
    )


class ExportShown(serializers.ModelSerializer[MemberExport]):
    status = serializers.SerializerMethodField()
    people = serializers.SerializerMethodField()

    class Meta:
        model = MemberExport
        fields = ("id", "status", "people", "created_at", "ready_at", "expires_at")

    def get_status(self, export: MemberExport) -> str:
        return "ready" if export.ready_at else "running"

    def get_people(self, export: MemberExport) -> int:
        return len(export.lead_refs)
