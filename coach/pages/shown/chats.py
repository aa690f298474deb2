"""What the pages show of conversations and messages: raw values, worded by the templates."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coach.models import Conversation, Message

_FIXES = {
    "131026": gettext_lazy("The number may not have WhatsApp, or the member has blocked you."),
    "131047": gettext_lazy("The window was closed; the coach uses a template next time."),
    "131049": gettext_lazy("WhatsApp protects this person from too many messages. We try again later by ourselves."),
    "131050": gettext_lazy("The member has switched off your marketing messages in WhatsApp."),
    "131042": gettext_lazy("Add a payment method at Meta."),
    "190": gettext_lazy("Connect WhatsApp again."),
}


def with_last_message(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Add the newest message to each conversation, in the same query."""
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-at", "-id")
    return rows.select_related("lead").annotate(
        last_text=Subquery(newest.values("body")[:1]),
        last_direction=Subquery(newest.values("direction")[:1]),
        last_by=Subquery(newest.values("by")[:1]),
        last_status=Subquery(newest.values("state")[:1]),
    )


def conversation(row: Any) -> dict[str, Any]:
    """One line of the list of chats; `row` comes from `with_last_message`."""
    return head(row) | {
        "url": reverse("coach:chat", args=[row.pk]),
        "last_text": row.last_text,
        "last_direction": row.last_direction,
        "last_by": row.last_by,
        "last_status": row.last_status,
        "last_at": row.last_message_at,
        "unread": row.unread,
    }


def head(row: Conversation) -> dict[str, Any]:
    """What stands above a chat."""
    return {
        "id": row.pk,
        "name": row.lead.name or row.lead.phone,
        "phone": row.lead.phone,
        "owner": row.owner,
        "window_until": row.window_until,
        "language": row.lead.language,
        "lead_url": reverse("coach:member", args=[row.lead_id]),
    }


def message(row: Message) -> dict[str, Any]:
    """One bubble."""
    return {
        "id": row.pk,
        "direction": row.direction,
        "text": row.body,
        "status": row.state,
        "at": row.at,
        "by": row.by,
        "error_text": row.error_text if row.state == Message.State.FAILED else "",
        "error_fix": str(_FIXES.get(row.error_code, "")),
        "why": reason(row) if row.direction == Message.Direction.OUT else "",
        "template": (row.template or {}).get("name", ""),
        "cost_cents": row.price_cents,
    }


def reason(row: Message) -> str:
    """Say in a sentence why a message was sent."""
    sentences = {
        "followup": _("A planned follow-up was due."),
        "reply": _("The member wrote, and the coach answered."),
        "opt_out": _("The member said stop; this confirms it."),
        "opt_in": _("The member wants messages again."),
        "consent": _("The member confirmed the consent."),
        "hand_over": _("The member asked for a person."),
        "red_line": _("The member wrote about something that only people should answer."),
        "person": _("Somebody of the studio wrote it."),
    }
    parts = [sentences.get(str(row.why.get("trigger", "")), "")]
    if row.why.get("form") == "template":
        parts.append(_("The 24-hour window was closed, so an approved template was used."))
    if row.why.get("fallback"):
        parts.append(_("The AI could not answer, so fixed words were used."))
    if row.model:
        parts.append(_("Written by %(model)s.") % {"model": row.model})
    return " ".join(part for part in parts if part)
