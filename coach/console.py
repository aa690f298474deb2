"""What the coach shows operators of one studio, and what a search finds: people by number, messages by WhatsApp's id."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from coach import reasons
from coach.models import Conversation, Lead, Message
from pilar.backplane import tenants
from pilar.kernel.console import Cell, Drawing, Found, Table, Tile, Wording, as_number, as_uuid, moment

SHOWN = 8
_RULES: Mapping[str, str | Promise] = {
    "hand_over": gettext_lazy("Hand over to a person"),
    "tagging": gettext_lazy("Set a tag"),
    "follow_up": gettext_lazy("Plan a follow-up"),
}
_CALLS: Mapping[str, str | Promise] = {
    "ringing": pgettext_lazy("call", "Ringing"),
    "in-progress": pgettext_lazy("call", "Under way"),
    "completed": pgettext_lazy("call", "Ended"),
    "busy": pgettext_lazy("call", "Busy"),
    "no-answer": pgettext_lazy("call", "Not answered"),
    "failed": pgettext_lazy("call", "Failed"),
    "canceled": pgettext_lazy("call", "Hung up before"),
}
wordings = [
    Wording.of("rule_type", _RULES),
    Wording.of("call", _CALLS),
    Wording("followup_reason", reasons.told),
]


def of_studio(_workspace_id: UUID, now: datetime) -> Drawing:
    """Members, the traffic of the studio's day, and its newest messages that failed."""
    today = now.astimezone(tenants.zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    traffic = Message.objects.filter(at__gte=today)
    failed = Message.objects.filter(state=Message.State.FAILED, at__gte=today).order_by("-at")
    waiting = Conversation.objects.filter(owner=Conversation.Owner.WAITING)
    tiles = [
        Tile(_("Members"), Lead.objects.count()),
        Tile(_("Sent today"), traffic.filter(direction=Message.Direction.OUT).count()),
        Tile(_("Received today"), traffic.filter(direction=Message.Direction.IN).count()),
        Tile(_("Failed today"), failed.count(), bad=failed.exists()),
        Tile(_("Chats that wait for a person"), waiting.count()),
    ]
    rows = [
        [
            Cell(moment(row.at), reverse("admin:coach_message_change", args=[row.pk])),
            Cell(row.error_code or "–"),
            Cell(row.error_text[:160]),
        ]
        for row in failed[:SHOWN]
    ]
    return Drawing(tiles, Table((_("When"), _("Code"), _("Error")), rows, _("No message failed today.")))


def find(term: str) -> Iterator[Found]:
    """Find a person by id or number, a conversation by id, a message by id or WhatsApp's own."""
    wanted, number = as_uuid(term), as_number(term)
    people = Lead.objects.filter(pk=wanted) if wanted else Lead.objects.filter(phone=number)
    for lead in people[:SHOWN]:
        yield Found(_("member"), str(lead), reverse("admin:coach_lead_change", args=[lead.pk]), lead.workspace_id)
    for conversation in Conversation.objects.filter(pk=wanted)[:1] if wanted else ():
        url = reverse("admin:coach_conversation_change", args=[conversation.pk])
        yield Found(_("conversation"), str(wanted), url, conversation.workspace_id)
    messages = Message.objects.filter(pk=wanted) if wanted else Message.objects.filter(provider_id=term)
    for message in messages[:SHOWN]:
        url = reverse("admin:coach_message_change", args=[message.pk])
        yield Found(
            _("message"), f"{message.get_direction_display()}, {message.get_state_display()}", url, message.workspace_id
        )
