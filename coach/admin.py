"""The operator's view of coaching: states, plans and configurations. What people said is not shown here."""

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import pgettext_lazy

from coach import models
from pilar.backplane.tenant_admin import TenantAdmin


class _CoachAdmin(TenantAdmin):
    show_full_result_count = False


@admin.register(models.Lead)
class LeadAdmin(_CoachAdmin):
    list_display = ("id", "workspace", "status", "source", "language", "created_at")
    list_filter = ("status", "source", "language")
    coded: ClassVar = {"source": "lead_source", "language": "language"}
    search_fields = ("=phone", "workspace__name")


@admin.register(models.Consent)
class ConsentAdmin(_CoachAdmin):
    list_display = ("member", "workspace", "purpose", "source", "at", "confirmed_at", "withdrawn_at")
    list_filter = ("purpose",)
    raw_id_fields = ("proof_message",)

    @admin.display(description=pgettext_lazy("column", "id of the member"))
    def member(self, consent: models.Consent) -> str:
        """Who consented, without a name."""
        return str(consent.lead_id)


@admin.register(models.Suppression)
class SuppressionAdmin(_CoachAdmin):
    list_display = ("workspace", "reason", "created_at")
    list_filter = ("reason",)


@admin.register(models.Conversation)
class ConversationAdmin(_CoachAdmin):
    list_display = ("id", "workspace", "owner", "unread", "last_inbound_at", "last_message_at")
    list_filter = ("owner",)


@admin.register(models.Message)
class MessageAdmin(_CoachAdmin):
    list_display = ("at", "workspace", "direction", "by", "kind", "category", "state", "error_code")
    list_filter = ("direction", "by", "state", "category", "error_code")
    search_fields = ("=provider_id", "=effect_key")
    exclude = ("body",)
    ordering = ("-at",)


@admin.register(models.Followup)
class FollowupAdmin(_CoachAdmin):
    list_display = ("scheduled_at", "workspace", "type", "origin", "status", "reason", "attempt")
    list_filter = ("status", "origin", "reason")
    coded: ClassVar = {"type": "followup_type", "reason": "followup_reason"}
    search_fields = ("=id", "=occurrence")
    exclude = ("text",)
    ordering = ("-scheduled_at",)


@admin.register(models.CoachConfig)
class CoachConfigAdmin(_CoachAdmin):
    list_display = ("workspace", "version", "frequency", "window_start", "window_end", "enabled", "auto_reply")
    list_filter = ("frequency", "enabled", "auto_reply")


@admin.register(models.FollowupTemplate)
class FollowupTemplateAdmin(_CoachAdmin):
    list_display = ("name", "language", "workspace", "purpose", "active")
    list_filter = ("purpose", "language", "active")
    coded: ClassVar = {"purpose": "template", "language": "language"}


@admin.register(models.AiAgentConfig)
class AiAgentConfigAdmin(_CoachAdmin):
    list_display = ("workspace", "version", "provider", "model", "created_by", "created_at")
    list_filter = ("provider",)


@admin.register(models.AiRule)
class AiRuleAdmin(_CoachAdmin):
    list_display = ("key", "version", "workspace", "rule_type", "priority", "active")
    list_filter = ("rule_type", "active")
    coded: ClassVar = {"rule_type": "rule_type"}


@admin.register(models.CallLog)
class CallLogAdmin(_CoachAdmin):
    list_display = ("at", "workspace", "direction", "status", "seconds")
    list_filter = ("direction", "status")
    coded: ClassVar = {"status": "call"}
    exclude = ("number",)


@admin.register(models.ChatNote)
class ChatNoteAdmin(_CoachAdmin):
    list_display = ("id", "workspace", "author", "created_at")
    exclude = ("body",)


@admin.register(models.SavedReply)
class SavedReplyAdmin(_CoachAdmin):
    list_display = ("title", "workspace", "created_by", "created_at")


@admin.register(models.Segment)
class SegmentAdmin(_CoachAdmin):
    list_display = ("name", "workspace", "created_at")


@admin.register(models.BulkAction)
class BulkActionAdmin(_CoachAdmin):
    list_display = ("created_at", "workspace", "kind", "status", "done", "changed", "created_by")
    list_filter = ("kind", "status")
    exclude = ("targets", "before")


@admin.register(models.MemberImport)
class MemberImportAdmin(_CoachAdmin):
    list_display = ("created_at", "workspace", "status", "rows", "done", "created_by")
    list_filter = ("status",)
    exclude = ("content", "file_name", "report")


@admin.register(models.MemberExport)
class MemberExportAdmin(_CoachAdmin):
    list_display = ("created_at", "workspace", "ready_at", "expires_at", "created_by")
    exclude = ("content", "session", "lead_refs")


@admin.register(models.Erasure)
class ErasureAdmin(_CoachAdmin):
    list_display = ("requested_at", "workspace", "lead_ref", "finished_at", "requested_by")
    search_fields = ("=lead_ref",)
    exclude = ("traces",)
