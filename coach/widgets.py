"""The coach's part of Today: what was said today and what comes next."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coach import roster
from coach.models import CoachConfig, Conversation, Followup, Lead, Message
from coach.schedule import local_day
from pilar.kernel.shown import Need
from pilar.providers.models import MessageTemplate
from workspaces.models import Workspace

_DAYS = 14
_SHOWN = 5
_MOST = 100
OUT, IN = Q(direction=Message.Direction.OUT), Q(direction=Message.Direction.IN)
REACHED = {
    "sent": (Message.State.SENT, Message.State.DELIVERED, Message.State.READ),
    "delivered": (Message.State.DELIVERED, Message.State.READ),
    "read": (Message.State.READ,),
    "failed": (Message.State.FAILED,),
}


def counts(since: datetime, until: datetime) -> dict[str, int]:
    """Count the messages of a span by what became of them, in one query."""
    reached = {name: Count("pk", filter=OUT & Q(state__in=states)) for name, states in REACHED.items()}
    rows = Message.objects.filter(at__gte=since, at__lt=until)
    found: dict[str, int] = rows.aggregate(received=Count("pk", filter=IN), outgoing=Count("pk", filter=OUT), **reached)
    return found


def messages(workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """Today's messages in the studio's own day; each number with the address of its rows."""
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
        "today": {**today, "planned": planned, "answered": today["received"], "history": history},
        "recent": [_recent(row) for row in Message.objects.select_related("lead").order_by("-at")[:_SHOWN]],
    }


def sentence(workspace_id: UUID, now: datetime) -> str:
    """The day before in one line, its numbers leading to their rows; on the first day, what was done so far."""
    zone = ZoneInfo(Workspace.objects.get(pk=workspace_id).timezone)
    start, end = local_day(now, zone)
    yesterday = counts(start - timedelta(days=1), start)
    day = "yesterday" if any(yesterday.values()) else "today"
    shown = yesterday if day == "yesterday" else counts(start, end)
    if not any(shown.values()):
        return ""
    line = _("Yesterday: %(sent)s, %(received)s.") if day == "yesterday" else _("Today: %(sent)s, %(received)s.")
    sent = ngettext("%(count)d message", "%(count)d messages", shown["sent"]) % {"count": shown["sent"]}
    received = ngettext("%(count)d reply", "%(count)d replies", shown["received"]) % {"count": shown["received"]}
    links = {"sent": _to_rows(sent, "sent", day), "received": _to_rows(received, "answered", day)}
    return SafeString(line % links)


def _to_rows(text: str, state: str, day: str) -> SafeString:
    return format_html('<a href="{}?filter={}&amp;day={}">{}</a>', reverse("coach:messages"), state, day, text)


def waiting_chats(_workspace_id: UUID, _now: datetime) -> list[Need]:
    """Chats in which only a person can go on."""
    number = Conversation.objects.filter(owner=Conversation.Owner.WAITING)[:_MOST].count()
    if not number:
        return []
    text = ngettext("%(count)d chat waits for you", "%(count)d chats wait for you", number) % {"count": number}
    return [Need(text, reverse("coach:chats") + "?filter=waiting", _("Answer now"))]


def undelivered(_workspace_id: UUID, now: datetime) -> list[Need]:
    """Messages of the last day that did not reach their member."""
    recent = Message.objects.filter(OUT, state=Message.State.FAILED, at__gte=now - timedelta(days=1))
    number = recent[:_MOST].count()
    if not number:
        return []
    text = ngettext("%(count)d message was not delivered", "%(count)d messages were not delivered", number)
    return [Need(text % {"count": number}, reverse("coach:messages") + "?filter=failed", _("See why"))]


def rejected_templates(_workspace_id: UUID, _now: datetime) -> list[Need]:
    """Message templates that Meta refused, without which nobody is written to outside the 24-hour window."""
    number = MessageTemplate.objects.filter(status="REJECTED").count()
    if not number:
        return []
    text = ngettext("Meta refused %(count)d message template", "Meta refused %(count)d message templates", number)
    return [Need(text % {"count": number}, reverse("coach:automation"), _("Look at it"))]


def _recent(row: Message) -> dict[str, Any]:
    return {
        "text": row.body[:120],
        "name": str(row.lead),
        "direction": row.direction,
        "status": row.state,
        "at": row.at,
        "url": reverse("coach:chat", args=[row.conversation_id]),
    }


def first_day(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """What to do first, until the coach has said or heard the first word."""
    if Message.objects.exists():
        return {"is_first": False}
    return {
        "is_first": True,
        "steps": [
            {
                "text": _("Add your first member"),
                "note": _("With consent, so that the coach may write."),
                "url": reverse("coach:member_add"),
                "icon": "user-plus",
                "done": Lead.objects.exists(),
            },
            {
                "text": _("Look at how the coach writes"),
                "note": _("Tone, hours and goal, in your words."),
                "url": reverse("coach:automation"),
                "icon": "sparkles",
                "done": CoachConfig.objects.filter(version__gt=1).exists(),
            },
            {
                "text": _("Write to your number yourself"),
                "note": _("Your message and the answer appear in the chats."),
                "url": reverse("coach:chats"),
                "icon": "message-circle",
                "done": False,
            },
        ],
    }


def gone_quiet(_workspace_id: UUID, now: datetime) -> dict[str, Any]:
    """Members who have fallen silent, the one to win back most easily first."""
    fallen = roster.gone_quiet(now=now)[:_SHOWN]
    return {
        "days": roster.SILENT_DAYS[0],
        "members": [
            {
                "name": str(row),
                "url": reverse("coach:member", args=[row.pk]),
                "write_url": reverse("coach:member_write", args=[row.pk]),
                "last_visit_at": row.last_visit_at,
                "last_word_at": row.last_word_at,
                "unanswered": row.unanswered,
            }
            for row in fallen
        ],
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
