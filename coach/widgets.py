"""The coach's part of Today: what was said today and what comes next."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coach.models import Conversation, Followup, Message
from coach.schedule import local_day
from workspaces.models import Workspace

_DAYS = 14
_SHOWN = 5
_MOST = 100
OUT, IN = Q(direction=Message.Direction.OUT), Q(direction=Message.Direction.IN)
_REACHED = {
    "sent": (Message.State.SENT, Message.State.DELIVERED, Message.State.READ),
    "delivered": (Message.State.DELIVERED, Message.State.READ),
    "read": (Message.State.READ,),
    "failed": (Message.State.FAILED,),
}


def counts(since: datetime, until: datetime) -> dict[str, int]:
    """Count the messages of a span by what became of them, in one query."""
    reached = {name: Count("pk", filter=OUT & Q(state__in=states)) for name, states in _REACHED.items()}
    rows = Message.objects.filter(at__gte=since, at__lt=until)
    found: dict[str, int] = rows.aggregate(received=Count("pk", filter=IN), outgoing=Count("pk", filter=OUT), **reached)
    return found


def messages(workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """Today's messages in the studio's own day."""
    zone = ZoneInfo(Workspace.objects.get(pk=workspace_id).timezone)
    start, end = local_day(now, zone)
    today = counts(start, end)
    planned = Followup.objects.filter(status=Followup.Status.PENDING, scheduled_at__lt=end).count()
    days = dict(
        Message.objects.filter(OUT, at__gte=start - timedelta(days=_DAYS - 1))
        .annotate(day=TruncDate("at", tzinfo=zone))
        .values_list("day")
        .annotate(number=Count("pk"))
    )
    first = (start - timedelta(days=_DAYS - 1)).astimezone(zone).date()
    history = [days.get(first + timedelta(days=offset), 0) for offset in range(_DAYS)]
    return {
        "sentence": _sentence(counts(start - timedelta(days=1), start), today),
        "needs_me": _waiting(),
        "today": {**today, "planned": planned, "answered": today["received"], "history": history},
        "recent": [_recent(row) for row in Message.objects.select_related("lead").order_by("-at")[:_SHOWN]],
    }


def _sentence(yesterday: dict[str, int], today: dict[str, int]) -> str:
    """The day before in one line; on the first day, what was done so far."""
    sentence = (
        _("Yesterday: %(sent)s, %(received)s.") if any(yesterday.values()) else _("Today: %(sent)s, %(received)s.")
    )
    shown = yesterday if any(yesterday.values()) else today
    if not any(shown.values()):
        return ""
    sent = ngettext("%(count)d message", "%(count)d messages", shown["outgoing"]) % {"count": shown["outgoing"]}
    received = ngettext("%(count)d reply", "%(count)d replies", shown["received"]) % {"count": shown["received"]}
    return sentence % {"sent": sent, "received": received}


def _waiting() -> list[dict[str, str]]:
    """Chats in which only a person can go on."""
    number = Conversation.objects.filter(owner=Conversation.Owner.WAITING)[:_MOST].count()
    if not number:
        return []
    text = ngettext("%(count)d chat waits for you", "%(count)d chats wait for you", number) % {"count": number}
    return [{"text": text, "url": reverse("coach:chats") + "?filter=waiting", "action": _("Answer now")}]


def _recent(row: Message) -> dict[str, Any]:
    return {
        "text": row.body[:120],
        "name": str(row.lead),
        "direction": row.direction,
        "status": row.state,
        "at": row.at,
        "url": reverse("coach:chat", args=[row.conversation_id]),
    }


def followups(workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """The next planned messages."""
    planned = Followup.objects.filter(workspace_id=workspace_id, status=Followup.Status.PENDING)
    rows = planned.select_related("lead").order_by("scheduled_at")[:_SHOWN]
    return {
        "followups": [
            {
                "name": str(row.lead),
                "at": row.scheduled_at,
                "type": row.type,
                "status": row.status,
                "url": reverse("coach:member", args=[row.lead_id]),
            }
            for row in rows
        ],
        "total": planned.count(),
    }
