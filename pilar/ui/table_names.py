"""What operators read over a table and over a room: words in place of names from the code."""

from django.apps import AppConfig, apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from pilar.ui.column_names import COLUMNS

TABLES = {
    "providers.Connection": (pgettext_lazy("table", "connection"), pgettext_lazy("table", "connections")),
    "providers.PhoneNumber": (pgettext_lazy("table", "telephone number"), pgettext_lazy("table", "telephone numbers")),
    "providers.MessageTemplate": (
        pgettext_lazy("table", "WhatsApp template"),
        pgettext_lazy("table", "WhatsApp templates"),
    ),
    "providers.ProviderCall": (
        pgettext_lazy("table", "call to a provider"),
        pgettext_lazy("table", "calls to providers"),
    ),
    "providers.Price": (pgettext_lazy("table", "price"), pgettext_lazy("table", "prices")),
    "providers.Breaker": (pgettext_lazy("table", "breaker of a studio"), pgettext_lazy("table", "breakers of studios")),
    "providers.ProviderRoute": (pgettext_lazy("table", "way of webhooks"), pgettext_lazy("table", "ways of webhooks")),
    "providers.GlobalBreaker": (
        pgettext_lazy("table", "breaker of a provider"),
        pgettext_lazy("table", "breakers of providers"),
    ),
    "workspaces.DataExport": (
        pgettext_lazy("table", "export of all data"),
        pgettext_lazy("table", "exports of all data"),
    ),
    "health.HealthCheck": (pgettext_lazy("table", "health check"), pgettext_lazy("table", "health checks")),
    "health.Incident": (pgettext_lazy("table", "incident"), pgettext_lazy("table", "incidents")),
    "provisioning.ProvisioningJob": (pgettext_lazy("table", "set-up"), pgettext_lazy("table", "set-ups")),
    "provisioning.ProvisioningStep": (
        pgettext_lazy("table", "step of a set-up"),
        pgettext_lazy("table", "steps of set-ups"),
    ),
    "provisioning.WorkspaceDefaults": (
        pgettext_lazy("table", "starting values of a studio"),
        pgettext_lazy("table", "starting values of studios"),
    ),
    "coach.Lead": (pgettext_lazy("table", "member"), pgettext_lazy("table", "members")),
    "coach.Consent": (pgettext_lazy("table", "consent"), pgettext_lazy("table", "consents")),
    "coach.Suppression": (pgettext_lazy("table", "blocked number"), pgettext_lazy("table", "blocked numbers")),
    "coach.Conversation": (pgettext_lazy("table", "chat"), pgettext_lazy("table", "chats")),
    "coach.Message": (pgettext_lazy("table", "message"), pgettext_lazy("table", "messages")),
    "coach.Followup": (pgettext_lazy("table", "follow-up"), pgettext_lazy("table", "follow-ups")),
    "coach.CoachConfig": (pgettext_lazy("table", "settings of a coach"), pgettext_lazy("table", "settings of coaches")),
    "coach.FollowupTemplate": (
        pgettext_lazy("table", "text of a follow-up"),
        pgettext_lazy("table", "texts of follow-ups"),
    ),
    "coach.AiAgentConfig": (pgettext_lazy("table", "settings of an AI"), pgettext_lazy("table", "settings of AIs")),
    "coach.AiRule": (pgettext_lazy("table", "rule of the AI"), pgettext_lazy("table", "rules of the AI")),
    "coach.CallLog": (pgettext_lazy("table", "telephone call"), pgettext_lazy("table", "telephone calls")),
    "coach.ChatNote": (pgettext_lazy("table", "note in a chat"), pgettext_lazy("table", "notes in chats")),
    "coach.SavedReply": (pgettext_lazy("table", "saved reply"), pgettext_lazy("table", "saved replies")),
    "coach.Segment": (pgettext_lazy("table", "segment"), pgettext_lazy("table", "segments")),
    "coach.BulkAction": (
        pgettext_lazy("table", "action on several members"),
        pgettext_lazy("table", "actions on several members"),
    ),
    "coach.MemberImport": (pgettext_lazy("table", "import of members"), pgettext_lazy("table", "imports of members")),
    "coach.MemberExport": (pgettext_lazy("table", "export of a member"), pgettext_lazy("table", "exports of members")),
    "coach.Erasure": (pgettext_lazy("table", "erasure of a member"), pgettext_lazy("table", "erasures of members")),
}
ROOMS = {
    "backplane": pgettext_lazy("room", "Engine"),
    "providers": pgettext_lazy("room", "Providers"),
    "security": pgettext_lazy("room", "Security"),
    "workspaces": pgettext_lazy("room", "Studios and people"),
    "provisioning": pgettext_lazy("room", "Set-up"),
    "coach": pgettext_lazy("room", "Coach"),
    "health": pgettext_lazy("room", "Health"),
    "affiliates": pgettext_lazy("room", "Partners"),
}


def give() -> None:
    """Name our rooms and tables, and all columns. Only what is shown changes: migrations do not see it."""
    for room in apps.get_app_configs():
        if room.label in ROOMS:
            room.verbose_name = ROOMS[room.label]
        _name_tables(room)


def _name_tables(room: AppConfig) -> None:
    for model in room.get_models():
        if names := TABLES.get(model._meta.label):
            model._meta.verbose_name, model._meta.verbose_name_plural = names
        for field in model._meta.get_fields():
            if isinstance(field, Field) and field.name in COLUMNS and not isinstance(field.verbose_name, Promise):
                field.verbose_name = COLUMNS[field.name]
